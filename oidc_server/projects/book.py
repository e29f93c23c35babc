"""The book of projects: who may make one, and how they come, are named and go."""

import unicodedata
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients.models import ClientRow
from oidc_server.foundation import changes, clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.languages import N_, Text
from oidc_server.projects import rights
from oidc_server.projects.models import MAX_NAME, Member, Project
from oidc_server.projects.refusals import Full, MayMakeNone, ProjectRefused
from oidc_server.projects.rights import OWNER, Place
from oidc_server.settings.accounts import ProjectSettings

DEVELOPER = "developer"
_AT_ONCE = 50
_WRONG_NAME = Text(N_("A name must have 1 to %(n)s characters, and no control characters."), n=MAX_NAME)
_FULL = N_("You own %(n)s projects, and that is as many as you may.")


@dataclass(frozen=True)
class Book:
    """Makes, names and deletes projects."""

    database: Database
    settings: ProjectSettings

    def may_make(self, user: User) -> bool:
        """Whether somebody may make projects."""
        who = self.settings.created_by
        return who == "everybody" or (who == "developers" and DEVELOPER in user.roles)

    def is_for(self, user: User) -> bool:
        """Whether projects are any business of somebody: they may make some, or are a member of one."""
        if self.may_make(user):
            return True
        with self.database.autocommit() as connection:
            of_user = select(Member.project_id).where(Member.user_id == user.id).limit(1)
            return connection.execute(of_user).first() is not None

    def list_of(self, user: User) -> list[Place]:
        """Somebody's projects, by name."""
        of_user = select(Project, Member.role).join(Member, Member.project_id == Project.id)
        ordered = of_user.where(Member.user_id == user.id).order_by(Project.name, Project.id)
        with self.database.transaction() as session:
            return [Place(project, role) for project, role in session.execute(ordered)]

    def show(self, user: User, project_id: UUID) -> Place:
        """A project, as a member sees it."""
        with self.database.transaction() as session:
            return rights.enter(session, project_id, user.id, "see")

    def create(self, user: User, name: str) -> Place:
        """Make a project whose owner is whoever makes it."""
        name = _checked(name)
        with self.database.transaction() as session:
            if not self.may_make(user) or directory.hold(session, user.id) is None:
                raise MayMakeNone
            require_room(session, user.id, self.settings.per_user)
            project = Project(id=new_id(), name=name, created_at=clock.now())
            session.add(project)
            session.flush()
            session.add(Member(project_id=project.id, user_id=user.id, role=OWNER))
            session.flush()
            trail.record(session, Event.PROJECT_CREATED, user_id=user.id, project=str(project.id))
        return Place(project, OWNER)

    def rename(self, user: User, project_id: UUID, name: str) -> Place:
        """Give a project another name."""
        name = _checked(name)
        with self.database.transaction() as session:
            place = rights.enter(session, project_id, user.id, "manage")
            session.execute(update(Project).where(Project.id == project_id).values(name=name))
            trail.record(session, Event.PROJECT_RENAMED, user_id=user.id, project=str(project_id))
        return place

    def delete(self, user: User, project_id: UUID) -> None:
        """Forget a project with its clients, and all that was issued to them."""
        with self.database.transaction() as session:
            rights.enter(session, project_id, user.id, "manage")
            _remove(session, project_id, Event.PROJECT_CLIENT_DELETED, user.id)
            trail.record(session, Event.PROJECT_DELETED, user_id=user.id, project=str(project_id))


def require_room(session: Session, user_id: UUID, per_user: int) -> None:
    """Raise Full if somebody, whose row is held, owns as many projects as one may."""
    owned = select(func.count()).select_from(Member).where(Member.user_id == user_id, Member.role == OWNER)
    if (session.scalar(owned) or 0) >= per_user:
        raise Full(Text(_FULL, n=per_user), because=f"OIDC_PROJECTS_PER_USER: {per_user}")


def remove_ownerless(database: Database) -> int:
    """Forget projects whose last owner's account was erased, with their clients; how many."""
    owned = select(Member.project_id).where(Member.role == OWNER)
    ownerless = select(Project.id).where(Project.id.not_in(owned)).limit(_AT_ONCE)
    removed = 0
    while True:
        with database.transaction() as session:
            doomed = session.scalars(ownerless.with_for_update()).all()
            for project_id in doomed:
                _remove(session, project_id, Event.PROJECT_CLIENT_EXPIRED, None)
                trail.record(session, Event.PROJECT_EXPIRED, project=str(project_id))
        removed += len(doomed)
        if len(doomed) < _AT_ONCE:
            return removed


def _remove(session: Session, project_id: UUID, event: Event, user_id: UUID | None) -> None:
    gone = delete(ClientRow).where(ClientRow.project_id == project_id).returning(ClientRow.client_id)
    for client_id in session.scalars(gone).all():
        trail.record(session, event, user_id=user_id, client_id=client_id, project=str(project_id))
    session.execute(delete(Project).where(Project.id == project_id))
    changes.announce(session)


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME or any(unicodedata.category(one) in ("Cc", "Cf", "Cs") for one in name):
        raise ProjectRefused(_WRONG_NAME, field="name")
    return name
