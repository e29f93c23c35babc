"""Known browsers: where somebody has signed in before.

Guesses from elsewhere don't count against them, so that no stranger locks an owner out by guessing; and whoever signs in on
another browser is told by mail. The cookie proves nothing but that: it opens no door.
"""

from uuid import UUID

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

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


class KnownBrowsers:
    """Recognises browsers by a cookie for each of the last people who signed in there."""

    def __init__(self, settings: Settings, sealing: Sealing, letters: Letters) -> None:
        self._cookie = Cookie(settings, "oidc_known")
        self._can_mail = settings.can_mail
        self._sealing = sealing
        self._letters = letters

    def names(self, request: Request) -> dict[UUID, str]:
        """What this browser is called for each person whom it knows, the last one first."""
        found: dict[UUID, str] = {}
        for stamp in (self._cookie.read(request) or "").split(_BETWEEN)[:_AT_MOST]:
            try:
                data = self._sealing.stamped(_PURPOSE, stamp)
            except ValueError:
                continue
            found.setdefault(UUID(bytes=data[:16]), data[16:].hex())
        return found

    def note(self, session: Session, request: Request, user: User) -> None:
        """Tell somebody who signs in on a browser that they never used before; not at their very first sign-in."""
        is_news = user.id not in self.names(request) and history.has(session, user.id, Event.SIGNED_IN)
        if is_news and self._can_mail and user.email is not None and user.email_verified:
            self._letters.send_word(session, "new_browser", user.email, "account/sessions", reader=user)

    def remember(self, request: Request, response: Response, user_id: UUID) -> None:
        """Let the browser be known from now on."""
        names = self.names(request)
        first = (user_id, names.pop(user_id, new_id().hex))
        stamps = [
            self._sealing.stamp(_PURPOSE, one.bytes + bytes.fromhex(name)) for one, name in (first, *names.items())
        ]
        self._cookie.set(response, _BETWEEN.join(stamps[:_AT_MOST]), max_age=_SECONDS)
