"""Where a person is signed in: /account/sessions."""

from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts import directory
from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.sessions import agents, ledger

PATH = "account/sessions"
OTHERS = "others"


class SessionsPage:
    """Lists a person's sessions, and ends one or all the others."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def show_sessions(self, request: Request) -> Response:
        """List them."""
        return await self._frame.show(request, PATH, self._show)

    async def end_sessions(self, request: Request) -> Response:
        """End one, or all but this one."""
        return await self._frame.submit(request, PATH, self._end, self._show)

    def _show(self, visit: Visit) -> Response:
        with self._frame.database.transaction() as session:
            live = ledger.list_live(session, visit.person.user.id)
        return self._frame.ask(
            visit,
            "accounts/account/sessions.html",
            live=live,
            own=visit.person.session.id,
            agents=agents,
            others=OTHERS,
        )

    def _end(self, visit: Visit) -> Response:
        chosen, own = visit.form.get("session", ""), visit.person.session.id
        with self._frame.writing(visit) as session:
            for known in ledger.list_live(session, visit.person.user.id):
                if known.id != own and (chosen == OTHERS or chosen == known.id.hex):
                    directory.end_session(session, known)
        if _is(own, chosen):
            return self._frame.pages.go_on(self._frame.pages.path("logout"))
        return self._frame.done(PATH)


def _is(session_id: UUID, chosen: str) -> bool:
    return chosen == session_id.hex
