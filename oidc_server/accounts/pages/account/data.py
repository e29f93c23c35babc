"""A person's data: /account/data gives it to them, /account/delete takes it away."""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from oidc_server.accounts import deletion, export
from oidc_server.accounts.pages.account.frame import Frame, Visit
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.encoding import compact_json
from oidc_server.foundation.languages import N_
from oidc_server.settings.accounts import PrivacySettings

PATH = "account/data"
DELETE_PATH = "account/delete"
_UNSURE = N_("Please tick the box if you want to delete your account.")


class Belongings(Protocol):
    """What a room above this one keeps of people."""

    def export(self, session: Session, user_id: UUID) -> Mapping[str, Any]:
        """What belongs into a person's download."""

    def lost_with(self, session: Session, user_id: UUID) -> Mapping[str, str]:
        """What goes when their account is erased: pages about it, and what it is called."""


class DataPage:
    """Hands a person's data out, and deletes their account."""

    def __init__(self, frame: Frame, settings: PrivacySettings, belongings: Belongings) -> None:
        self._frame = frame
        self._belongings = belongings
        self._kept_for_days = settings.deleted_kept_for.days

    async def show_data(self, request: Request) -> Response:
        """Offer both."""
        return await self._frame.show(request, PATH, self._show)

    async def download(self, request: Request) -> Response:
        """All that is kept of them, as JSON."""
        return await self._frame.submit(request, PATH, self._download, self._show, fresh=True)

    async def show_deletion(self, request: Request) -> Response:
        """Ask whether they mean it."""
        return await self._frame.show(request, DELETE_PATH, self._ask, fresh=True)

    async def submit_deletion(self, request: Request) -> Response:
        """Delete the account."""
        return await self._frame.submit(request, DELETE_PATH, self._delete, self._ask, fresh=True)

    def _show(self, visit: Visit) -> Response:
        return self._frame.ask(visit, "accounts/account/data.html")

    def _download(self, visit: Visit) -> Response:
        with self._frame.writing(visit) as session:
            user = visit.person.user
            document = export.of(session, user, self._belongings.export(session, user.id))
            trail.record(session, Event.DATA_EXPORTED, **visit.person.ids)
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="account.json"'}
        return Response(compact_json(document), headers=headers, media_type="application/json")

    def _ask(self, visit: Visit, problem: str = "") -> Response:
        with self._frame.database.transaction() as session:
            lost = self._belongings.lost_with(session, visit.person.user.id)
        values: dict[str, Any] = {"days": self._kept_for_days, "lost": lost}
        return self._frame.ask(visit, "accounts/account/delete.html", problem=problem, **values)

    def _delete(self, visit: Visit) -> Response:
        if visit.form.get("sure") != "yes":
            return self._ask(visit, _UNSURE)
        with self._frame.writing(visit) as session:
            deletion.delete(session, visit.person.user.id)
            left = self._frame.visitors.roster(session, visit.request)
        response = self._frame.pages.show("accounts/deleted.html", days=self._kept_for_days)
        self._frame.visitors.remember(visit.request, response, left)
        return response
