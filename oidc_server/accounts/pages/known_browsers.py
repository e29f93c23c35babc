"""Known browsers: the cookie by which a browser is known for the last people who signed in there."""

from uuid import UUID

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts.known_devices import KnownDevices
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.models import User
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.cookies import Cookie
from oidc_server.settings.model import Settings

_BETWEEN = "."
_AT_MOST = 5
_SECONDS = 400 * 24 * 3600


class KnownBrowsers:
    """Recognises browsers by a token for each of the last people who signed in there."""

    def __init__(self, settings: Settings, sealing: Sealing, letters: Letters) -> None:
        self._cookie = Cookie(settings, "oidc_known")
        self._devices = KnownDevices(settings, sealing, letters)

    def names(self, request: Request) -> dict[UUID, str]:
        """What this browser is called for each person whom it knows, the last one first."""
        return self._devices.names((self._cookie.read(request) or "").split(_BETWEEN)[:_AT_MOST])

    def note(self, session: Session, request: Request, user: User) -> None:
        """Tell somebody who signs in on a browser that they never used before."""
        self._devices.note(session, user, self.names(request), "new_browser", "account/sessions")

    def remember(self, request: Request, response: Response, user_id: UUID) -> None:
        """Let the browser be known from now on."""
        names = self.names(request)
        first = (user_id, names.pop(user_id, None))
        tokens = [self._devices.token(one, name) for one, name in (first, *names.items())]
        self._cookie.set(response, _BETWEEN.join(tokens[:_AT_MOST]), max_age=_SECONDS)
