"""What happened to a person's account: /account/history."""

from datetime import UTC, datetime

from fastapi import Request
from starlette.responses import Response

from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.audit import history

PATH = "account/history"
_ON_A_PAGE = 30


class HistoryPage:
    """Lists what happened, the last first."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    async def show_history(self, request: Request) -> Response:
        """List it."""
        return await self._frame.show(request, PATH, self._show)

    def _show(self, visit: Visit) -> Response:
        before = _moment(visit.request.query_params.get("before", ""))
        with self._frame.database.transaction() as session:
            events = history.read(session, visit.person.user.id, before=before, count=_ON_A_PAGE + 1)
        shown = events[:_ON_A_PAGE]
        older = shown[-1].at.timestamp() if len(events) > _ON_A_PAGE else None
        return self._frame.ask(visit, "accounts/account/history.html", events=shown, words=history.WORDS, older=older)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None
