"""The front page: / says who is signed in here."""

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.visitors import Visitors
from oidc_server.foundation.database import Database
from oidc_server.foundation.web.pages import Pages


class HomePage:
    """Where people end up who didn't come for an application."""

    def __init__(self, database: Database, pages: Pages, visitors: Visitors) -> None:
        self._database = database
        self._pages = pages
        self._visitors = visitors

    async def show_home(self, request: Request) -> Response:
        """Say who is signed in."""
        person = await self._database.run(self._visitors.find, request)
        return self._pages.show("accounts/home.html", person=person, way_in=self._visitors.way_in(request))
