"""Visitors: who is signed in on the browser that sent a request."""

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import current
from oidc_server.accounts.current import Current
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.web.cookies import Cookie
from oidc_server.sessions.ledger import Ledger
from oidc_server.sessions.models import BrowserSession
from oidc_server.settings import Settings


class Visitors:
    """Knows people by their session cookie."""

    def __init__(self, settings: Settings, database: Database, ledger: Ledger) -> None:
        self.ledger = ledger
        self._database = database
        self._cookie = Cookie(settings, "oidc_session")
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

    def session_of(self, handle: Handle, request: Request) -> BrowserSession | None:
        """The session of that browser, whoever's it is, also if nobody used it for too long."""
        return self.ledger.find_even_idle(handle, self._cookie.read(request))

    def remember(self, response: Response, cookie: str) -> None:
        """Give the browser its session cookie."""
        self._cookie.set(response, cookie, max_age=self._lifetime)

    def forget(self, response: Response) -> None:
        """Take the session cookie away."""
        self._cookie.clear(response)
