"""The frame of pages behind links in mails: looking spends nothing, for mail scanners look too; only a button does.

The token stands in the URL, so nothing of these URLs goes to other pages (Referrer-Policy).
"""

from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.links import LinkIsDead
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.web.browsers import EXPIRED_FORM
from oidc_server.foundation.web.error_pages import ErrorPages
from oidc_server.foundation.web.pages import Pages

Look = Callable[[str], Any]
#: Shows the page for a request, its token, and what was found.
Show = Callable[[Request, str, Any], Response]

_DEAD_TITLE = "This link no longer works"


class LinkFrame:
    """Shows what a link is for, and spends it."""

    def __init__(self, database: Database, pages: Pages, error_pages: ErrorPages) -> None:
        self.pages = pages
        self.expired = Refused(EXPIRED_FORM)
        self._database = database
        self._error_pages = error_pages

    async def look(self, request: Request, look: Look, token: str, show: Show) -> Response:
        """Show the page for a link that may work."""
        try:
            found = await self._database.run(look, token)
        except LinkIsDead as refusal:
            return self._dead(request, refusal)
        return show(request, token, found)

    async def spend(self, request: Request, work: Callable[[], Response]) -> Response:
        """Do what the link is for."""
        try:
            return _private(await self._database.run(work))
        except LinkIsDead as refusal:
            return self._dead(request, refusal)

    def ask(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """A page with a form, whose URL stays with us."""
        return _private(self.pages.ask(request, template, status=status, **values))

    def refused(self, request: Request, told: str, *, status: int, title: str) -> Response:
        """A page that says no."""
        return _private(self._error_pages.refused(request, told, status=status, title=title))

    def _dead(self, request: Request, refusal: LinkIsDead) -> Response:
        shown = self._error_pages.refused(request, refusal.told, status=410, title=_DEAD_TITLE, because=refusal.because)
        return _private(shown)


def _private(response: Response) -> Response:
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
