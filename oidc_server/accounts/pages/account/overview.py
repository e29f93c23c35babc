"""The first of a person's own pages: /account."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import factors
from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.consents import memory
from oidc_server.sessions import ledger
from oidc_server.tokens import grants


class OverviewPage:
    """Says who is signed in and how things stand, and leads to the rest."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def show_overview(self, request: Request) -> Response:
        """Show it."""
        return await self._frame.show(request, "account", self._show)

    def _show(self, visit: Visit) -> Response:
        user = visit.person.user
        with self._frame.database.transaction() as session:
            values: dict[str, Any] = {
                "has_factor": factors.of(session, user.id).is_any,
                "has_password": user.password_hash is not None,
                "is_elsewhere": len(ledger.list_live(session, user.id)) > 1,
                "has_apps": bool(memory.list_of(session, user.id) or grants.clients_of(session, user.id)),
            }
        return self._frame.ask(visit, "accounts/account/overview.html", **values)
