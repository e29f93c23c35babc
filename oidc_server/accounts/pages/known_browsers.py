"""Known browsers: the cookie by which a browser is known for the last people who signed in there."""

from uuid import UUID

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts.current import Current
from oidc_server.accounts.known_browsers import KnownBrowser
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

    def known_as(self, request: Request) -> dict[UUID, KnownBrowser]:
        """What this browser is called for each person who has signed in there, the last one first."""
        return self._devices.known_as((self._cookie.read(request) or "").split(_BETWEEN)[:_AT_MOST])

    def in_session(self, person: Current) -> dict[UUID, KnownBrowser]:
        """What a browser is called for somebody who is signed in there, whatever cookies it keeps besides."""
        return self._devices.named(person.user, person.session.id.hex)

    def name_of(self, request: Request, user: User) -> str | None:
        """What this browser is called for this person; None if it is not known to be theirs."""
        return self._devices.name_of(self.known_as(request), user)

    def note(self, session: Session, request: Request, user: User) -> None:
        """Tell somebody who signs in on a browser that they never used before."""
        self._devices.note(session, user, self.known_as(request), "new_browser", "account/sessions")

    def remember(self, request: Request, response: Response, user: User) -> None:
        """Let the browser be known from now on, as long as they keep the password that they have."""
        tokens = self._devices.tokens(self._devices.remembered(self.known_as(request), user))
        self._cookie.set(response, _BETWEEN.join(tokens[:_AT_MOST]), max_age=_SECONDS)
