"""The clients of projects: registered, changed and deleted by their members."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts.models import User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients import client_secrets, registrations, registry
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.models import ClientRow, ClientSecret
from oidc_server.clients.registry import Registry
from oidc_server.foundation import changes
from oidc_server.foundation.database import Database
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.languages import N_, Text
from oidc_server.foundation.sealing import Sealing
from oidc_server.projects import rights
from oidc_server.projects.descriptions import Descriptions
from oidc_server.projects.refusals import Full, NotThere, ProjectRefused
from oidc_server.projects.rights import Right
from oidc_server.settings.accounts import ProjectSettings
from oidc_server.tokens import grants

_NO_CLIENT = N_("There is no such application in this project.")
_FULL = N_("A project can have at most %(n)s applications.")
_NO_SECRET = N_("This application has no secret.")


@dataclass(frozen=True)
class Made:
    """A client, with what is told only once."""

    row: ClientRow
    secret: str | None = field(default=None, repr=False)

    @property
    def metadata(self) -> ClientMetadata:
        """What is registered of it."""
        return registry.metadata_of(self.row.registration)


@dataclass(frozen=True)
class Apps:
    """Lists, registers, changes and deletes a project's clients."""

    database: Database
    registry: Registry
    sealing: Sealing
    settings: ProjectSettings
    descriptions: Descriptions

    def list_of(self, user: User, project_id: UUID) -> list[Made]:
        """A project's clients, the oldest first."""
        of_project = select(ClientRow).where(ClientRow.project_id == project_id)
        with self.database.transaction() as session:
            rights.enter(session, project_id, user.id, "see")
            return [
                Made(row) for row in session.scalars(of_project.order_by(ClientRow.created_at, ClientRow.client_id))
            ]

    def show(self, user: User, project_id: UUID, client_id: str, right: Right = "see") -> Made:
        """One of them."""
        with self.database.transaction() as session:
            return Made(_one(session, user, project_id, client_id, right))

    def create(self, user: User, project_id: UUID, document: Mapping[str, Any]) -> Made:
        """Register a client; its secret is told once."""
        with self.database.transaction() as session:
            rights.enter(session, project_id, user.id, "edit_clients")
        metadata = self.descriptions.read(document)
        with self.database.transaction() as session:
            rights.enter(session, project_id, user.id, "edit_clients")
            self._require_room(session, project_id)
            client_id = new_id().hex
            registry.add(session, client_id, metadata)
            its_own = update(ClientRow).where(ClientRow.client_id == client_id)
            session.execute(its_own.values(project_id=project_id))
            secret = registrations.fit_secret(session, self.sealing, client_id, metadata)
            _record(session, Event.PROJECT_CLIENT_CREATED, user, project_id, client_id)
            made = Made(session.get_one(ClientRow, client_id, populate_existing=True), secret)
        self.registry.look()
        return made

    def replace(self, user: User, project_id: UUID, client_id: str, document: Mapping[str, Any]) -> Made:
        """Register a client anew under its id; the scopes that it has it may keep."""
        known = self.show(user, project_id, client_id, "edit_clients")
        metadata = self.descriptions.read(document, may_keep=known.metadata.scope.split(" "))
        with self.database.transaction() as session:
            row = _one(session, user, project_id, client_id, "edit_clients")
            # Not whether people are asked: an operator who spared them that looked at another client.
            kept = {name: row.registration.get(name) for name in ("require_pkce", "branding")}
            metadata = metadata.model_copy(update=kept)
            grants.revoke_if_subjects_differ(session, client_id, registry.metadata_of(row.registration), metadata)
            registry.change(session, client_id, metadata, disabled_at=row.disabled_at)
            secret = registrations.fit_secret(session, self.sealing, client_id, metadata)
            _record(session, Event.PROJECT_CLIENT_CHANGED, user, project_id, client_id)
            session.refresh(row)
        self.registry.look()
        return Made(row, secret)

    def rotate_secret(
        self, user: User, project_id: UUID, client_id: str, *, keep_old_for: timedelta = timedelta()
    ) -> Made:
        """Give a client a new secret; the one before works a while longer, if at all, and no older one."""
        with self.database.transaction() as session:
            row = _one(session, user, project_id, client_id, "edit_clients")
            metadata = registry.metadata_of(row.registration)
            if not metadata.has_secret:
                raise ProjectRefused(_NO_SECRET)
            older = (ClientSecret.client_id == client_id, ClientSecret.expires_at.is_not(None))
            session.execute(delete(ClientSecret).where(*older))
            signs = metadata.signs_with_secret
            secret = client_secrets.rotate(session, self.sealing, client_id, keep_old_for=keep_old_for, signs=signs)
            _record(session, Event.PROJECT_SECRET_ROTATED, user, project_id, client_id)
        self.registry.look()
        return Made(row, secret)

    def delete(self, user: User, project_id: UUID, client_id: str) -> None:
        """Forget a client, and all that was issued to it."""
        with self.database.transaction() as session:
            _one(session, user, project_id, client_id, "edit_clients")
            session.execute(delete(ClientRow).where(ClientRow.client_id == client_id))
            _record(session, Event.PROJECT_CLIENT_DELETED, user, project_id, client_id)
            changes.announce(session)
        self.registry.look()

    def _require_room(self, session: Session, project_id: UUID) -> None:
        """Raise Full if the project, which is held, has as many as it may."""
        limit = self.settings.clients_per_project
        of_project = select(func.count()).select_from(ClientRow).where(ClientRow.project_id == project_id)
        if (session.scalar(of_project) or 0) >= limit:
            raise Full(Text(_FULL, n=limit), because=f"OIDC_PROJECTS_CLIENTS_PER_PROJECT: {limit}")


def _one(session: Session, user: User, project_id: UUID, client_id: str, right: Right) -> ClientRow:
    """A client of this very project, for somebody who may do this there."""
    rights.enter(session, project_id, user.id, right)
    its_own = (ClientRow.client_id == client_id, ClientRow.project_id == project_id)
    row = session.scalars(select(ClientRow).where(*its_own)).first()
    if row is None:
        raise NotThere(_NO_CLIENT)
    return row


def _record(session: Session, event: Event, user: User, project_id: UUID, client_id: str) -> None:
    trail.record(session, event, user_id=user.id, client_id=client_id, project=str(project_id))
