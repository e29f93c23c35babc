"""The first of a person's own pages: /account."""

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.pages.account.frame import Frame, Visit


class OverviewPage:
    """Says who is signed in, and leads to the rest."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def show_overview(self, request: Request) -> Response:
        """Show it."""
        return await self._frame.show(request, "account", self._show)

    def _show(self, visit: Visit) -> Response:
        return self._frame.ask(visit, "accounts/account/overview.html")
