"""Browsers: which one is asking, and whether a form was really filled in on it (CSRF).

Each browser gets a random name in a cookie. A form carries a MAC over that name, so that no other site can post it.
"""

import re
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.foundation.encoding import b64url, from_b64url
from oidc_server.foundation.identifiers import new_secret
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.cookies import Cookie
from oidc_server.settings.model import Settings

FIELD = "csrf_token"
#: What people are told whose form was not filled in on this browser, where they have only to send it again.
EXPIRED_FORM = N_("This page was open for too long, or your browser blocks cookies. Please try again.")
_KEY = "oidc_server.browser"
_NAME = re.compile(r"[A-Za-z0-9_-]{43}")


class Browser:
    """The browser that sent a request."""

    def __init__(self, name: str, *, is_new: bool) -> None:
        self.name = name
        self.is_new = is_new

    @property
    def mark(self) -> str:
        """What stands for this browser in sealed values; its name itself never leaves the cookie."""
        return b64url(sha256(self.name.encode()).digest()[:16])


class Browsers:
    """Names browsers and proves where a form came from."""

    def __init__(self, settings: Settings, sealing: Sealing) -> None:
        self._cookie = Cookie(settings, "oidc_browser")
        self._origin = settings.origin
        self._sealing = sealing

    def of(self, request: Request) -> Browser:
        """The browser by its cookie, or a new one: the same one for as long as the request lasts."""
        if (known := request.scope.get(_KEY)) is None:
            known = request.scope[_KEY] = self._found(request)
        assert isinstance(known, Browser)  # noqa: S101 - made just above
        return known

    def _found(self, request: Request) -> Browser:
        name = self._cookie.read(request)
        if name and _NAME.fullmatch(name):
            return Browser(name, is_new=False)
        return Browser(new_secret(), is_new=True)

    def remember(self, browser: Browser, response: Response) -> None:
        """Give a new browser its name."""
        if browser.is_new:
            self._cookie.set(response, browser.name)

    def csrf_token(self, browser: Browser, bound_to: str = "") -> str:
        """The proof that a form shown on this browser carries; `bound_to` whom it was shown to, where that matters."""
        return b64url(self._sealing.mac("csrf", f"{browser.name}{bound_to}".encode()))

    def sent(self, request: Request, form: dict[str, str], *, bound_to: str = "") -> bool:
        """Whether this form was shown by us, on this very browser."""
        origin = request.headers.get("origin")
        if origin not in (None, "null", self._origin):
            return False
        browser = self.of(request)
        try:
            proof = from_b64url(form.get(FIELD, ""))
        except ValueError:
            return False
        return not browser.is_new and self._sealing.verifies("csrf", f"{browser.name}{bound_to}".encode(), proof)
