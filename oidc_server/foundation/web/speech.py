"""Speech: the language in which a request is answered, and the cookie by which a browser remembers it."""

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.foundation import languages, negotiation
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.languages import Language
from oidc_server.foundation.web.cookies import Cookie
from oidc_server.settings.model import Settings

_SECONDS_REMEMBERED = 365 * 24 * 60 * 60


class Speech:
    """Chooses: what the client wishes, what the person chose here, what their profile says, what their browser says."""

    def __init__(self, settings: Settings) -> None:
        self._cookie = Cookie(settings, "oidc_language")
        self._default = settings.pages.language
        if self._default not in languages.tags():
            known = ", ".join(languages.tags())
            raise Misconfigured(f"OIDC_PAGES_LANGUAGE is {self._default!r}, expected one of: {known}.")

    def language(self) -> Language:
        """The language in which the request at hand is answered."""
        return languages.load(self._tag() or self._default)

    def remember(self, response: Response, tag: str) -> None:
        """Let the browser remember what the person chose."""
        self._cookie.set(response, tag, max_age=_SECONDS_REMEMBERED)

    def _tag(self) -> str | None:
        wishes = negotiation.wishes()
        if wishes.scope is None:
            return None
        request = Request(dict(wishes.scope))
        ranges = [
            *negotiation.listed(wishes.client),
            *negotiation.listed(self._cookie.read(request) or ""),
            *negotiation.listed(wishes.profile),
            *negotiation.weighed(",".join(request.headers.getlist("accept-language"))),
        ]
        return negotiation.lookup(ranges, languages.tags())
