"""Visitors: who is signed in on the browser that sent a request."""

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import current, directory
from oidc_server.accounts.current import Current
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.web.cookies import Cookie
from oidc_server.sessions.ledger import Ledger
from oidc_server.sessions.models import BrowserSession
from oidc_server.settings.model import Settings


class Visitors:
    """Knows people by their session cookie."""

    def __init__(self, settings: Settings, database: Database, ledger: Ledger) -> None:
        self.ledger = ledger
        self._database = database
        self._cookie = Cookie(settings, "oidc_session")
        self._state = Cookie(settings, "oidc_login_state", is_for_frames=True)
        self._lifetime = int(settings.lifetime.session.total_seconds())

    def has_cookie(self, request: Request) -> bool:
        """Whether that browser says that somebody is signed in; without it, nobody need ask the database."""
        return self._cookie.read(request) is not None

    def find(self, request: Request) -> Current | None:
        """Who is signed in there; call it inside `Database.run`."""
        if not self.has_cookie(request):
            return None
        with self._database.autocommit() as connection:
            return self.find_with(connection, request)

    def find_with(self, handle: Handle, request: Request) -> Current | None:
        """The same, among other statements."""
        return current.find(handle, self.ledger, self._cookie.read(request))

    def is_developer(self, request: Request) -> bool:
        """Whether somebody is signed in there who may know why we refuse; call it inside `Database.run`."""
        person = self.find(request)
        return person is not None and not directory.EXPLAINED_TO.isdisjoint(person.user.roles)

    def session_of(self, handle: Handle, request: Request) -> BrowserSession | None:
        """The session of that browser, whoever's it is, also if nobody used it for too long."""
        return self.ledger.find_even_idle(handle, self._cookie.read(request))

    def remember(self, response: Response, cookie: str) -> None:
        """Give the browser its session cookie, and the state that scripts in frames may read."""
        self._cookie.set(response, cookie, max_age=self._lifetime)
        self._state.set(response, self.ledger.browser_state(cookie), max_age=self._lifetime)

    def forget(self, response: Response) -> None:
        """Take the session cookie away, and the state."""
        self._cookie.clear(response)
        self._state.clear(response)

    @property
    def state_cookie(self) -> str:
        """The name of the cookie that holds the browser's state (OpenID Connect Session Management §4.2)."""
        return self._state.name

    def state_of(self, request: Request) -> str:
        """The state of the browser that sent a request: it changes when somebody signs in or out."""
        return self.ledger.browser_state(self._cookie.read(request))

    def with_state(self, request: Request, response: Response) -> Response:
        """The response, with the state for a browser whose own is missing or old."""
        if self._state.read(request) != (state := self.state_of(request)):
            self._state.set(response, state, max_age=self._lifetime)
        return response
