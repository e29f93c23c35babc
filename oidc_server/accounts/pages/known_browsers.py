"""Known browsers: where somebody has signed in before.

Guesses from elsewhere don't count against them, so that no stranger locks an owner out by guessing; and whoever signs in on
another browser is told by mail. The cookie proves nothing but that: it opens no door, and a new password makes it worthless.
"""

from uuid import UUID

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import known_browsers
from oidc_server.accounts.current import Current
from oidc_server.accounts.known_browsers import KnownBrowser
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.models import User
from oidc_server.audit import history
from oidc_server.audit.events import Event
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.cookies import Cookie
from oidc_server.settings.model import Settings

_PURPOSE = "known browser"
_BETWEEN = "."
_AT_MOST = 5
_SECONDS = 400 * 24 * 3600
_ID_BYTES = 16


class KnownBrowsers:
    """Recognises browsers by a cookie for each of the last people who signed in there."""

    def __init__(self, settings: Settings, sealing: Sealing, letters: Letters) -> None:
        self._cookie = Cookie(settings, "oidc_known")
        self._can_mail = settings.can_mail
        self._sealing = sealing
        self._letters = letters

    def known_as(self, request: Request) -> dict[UUID, KnownBrowser]:
        """What this browser is called for each person who has signed in there, the last one first."""
        found: dict[UUID, KnownBrowser] = {}
        for stamp in (self._cookie.read(request) or "").split(_BETWEEN)[:_AT_MOST]:
            try:
                data = self._sealing.stamped(_PURPOSE, stamp)
            except ValueError:
                continue
            name, password = data[_ID_BYTES : 2 * _ID_BYTES], data[2 * _ID_BYTES :]
            found.setdefault(UUID(bytes=data[:_ID_BYTES]), KnownBrowser(name.hex(), password))
        return found

    def in_session(self, person: Current) -> dict[UUID, KnownBrowser]:
        """What a browser is called for somebody who is signed in there, whatever cookies it keeps besides."""
        password = known_browsers.password_mark(self._sealing, person.user)
        return {person.user.id: KnownBrowser(person.session.id.hex, password)}

    def name_of(self, request: Request, user: User) -> str | None:
        """What this browser is called for this person; None if it is not known to be theirs."""
        return known_browsers.name_of(self._sealing, self.known_as(request), user)

    def note(self, session: Session, request: Request, user: User) -> None:
        """Tell somebody who signs in on a browser that they never used before; not at their very first sign-in."""
        is_news = self.name_of(request, user) is None and history.has(session, user.id, Event.SIGNED_IN)
        if is_news and self._can_mail and user.email is not None and user.email_verified:
            self._letters.send_word(session, "new_browser", user.email, "account/sessions")

    def remember(self, request: Request, response: Response, user: User) -> None:
        """Let the browser be known from now on, as long as they keep the password that they have."""
        name = self.name_of(request, user) or new_id().hex
        first = {user.id: KnownBrowser(name, known_browsers.password_mark(self._sealing, user))}
        known = first | {one: browser for one, browser in self.known_as(request).items() if one != user.id}
        stamps = [
            self._sealing.stamp(_PURPOSE, one.bytes + bytes.fromhex(browser.name) + browser.password)
            for one, browser in known.items()
        ]
        self._cookie.set(response, _BETWEEN.join(stamps[:_AT_MOST]), max_age=_SECONDS)
