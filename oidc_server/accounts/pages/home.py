"""The front page: / says who is signed in here."""

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import current
from oidc_server.accounts.current import Current
from oidc_server.foundation.database import Database
from oidc_server.foundation.web.cookies import Cookie
from oidc_server.foundation.web.pages import Pages
from oidc_server.sessions.ledger import Ledger
from oidc_server.settings import Settings


class HomePage:
    """Where people end up who didn't come for an application."""

    def __init__(self, settings: Settings, database: Database, pages: Pages, ledger: Ledger) -> None:
        self._database = database
        self._pages = pages
        self._ledger = ledger
        self._cookie = Cookie(settings, "oidc_session")

    async def show_home(self, request: Request) -> Response:
        """Say who is signed in."""
        person = await self._database.run(self._current, self._cookie.read(request))
        return self._pages.show("accounts/home.html", person=person)

    def _current(self, cookie: str | None) -> Current | None:
        with self._database.autocommit() as connection:
            return current.find(connection, self._ledger, cookie)
