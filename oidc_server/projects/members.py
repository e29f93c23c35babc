"""The members of projects: who they are, and how they come and go."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Database, wait
from oidc_server.foundation.languages import N_, Text
from oidc_server.foundation.rate_limits.throttle import Reserved, Throttle, Throttles
from oidc_server.foundation.statements import insert_if_absent
from oidc_server.projects import book, rights
from oidc_server.projects.models import Member
from oidc_server.projects.refusals import Full, LastOwner, NotThere, ProjectRefused, TooManyTries
from oidc_server.projects.rights import OWNER, ROLES
from oidc_server.settings.accounts import ProjectSettings

#: How many names that nobody has one person may try: whether an address has an account is not theirs to find out.
_TRIES = Throttle("project_members", 20, timedelta(hours=1))
_NOBODY = N_("Nobody here can be found by this name.")
_NO_MEMBER = N_("There is no such member.")
_MEMBER_ALREADY = N_("They are a member already.")
_FULL = N_("A project can have at most %(n)s members.")
_OWNS_ENOUGH = N_("They own as many projects as one person may.")
_NO_ROLE = N_("A role is one of: owner, editor, viewer.")


@dataclass(frozen=True)
class Person:
    """A member, as the others see them."""

    user_id: UUID
    username: str
    role: str


@dataclass(frozen=True)
class Members:
    """Lists, adds, changes and removes members."""

    database: Database
    throttles: Throttles
    settings: ProjectSettings

    def list_of(self, user: User, project_id: UUID) -> list[Person]:
        """A project's members, by name."""
        named = select(Member.user_id, User.username, Member.role).join(User, User.id == Member.user_id)
        with self.database.transaction() as session:
            rights.enter(session, project_id, user.id, "see")
            rows = session.execute(named.where(Member.project_id == project_id).order_by(User.username_key))
            return [Person(*row) for row in rows]

    def add(self, user: User, project_id: UUID, name: str, role: str) -> Person:
        """Make somebody a member who goes by this user name or address; unknown and disabled are told alike."""
        _check(role)
        reserved = wait(self.throttles.reserve(_TRIES, str(user.id)))
        if not isinstance(reserved, Reserved):
            raise TooManyTries(reserved)
        try:
            with self.database.transaction() as session:
                added = self._add(session, user, project_id, name, role)
        except NotThere:
            raise
        except ProjectRefused:
            wait(self.throttles.give_back(reserved))
            raise
        wait(self.throttles.give_back(reserved))
        return added

    def change(self, user: User, project_id: UUID, member_id: UUID, role: str) -> None:
        """Give a member another role; LastOwner rather than leave a project without one."""
        _check(role)
        with self.database.transaction() as session:
            rights.enter(session, project_id, user.id, "manage")
            old = _role_of(session, project_id, member_id)
            if old == role:
                return
            if old == OWNER:
                _require_another_owner(session, project_id, member_id)
            if role == OWNER:
                self._require_room(session, member_id)
            of_both = (Member.project_id == project_id, Member.user_id == member_id)
            session.execute(update(Member).where(*of_both).values(role=role))
            _record(session, Event.PROJECT_MEMBER_CHANGED, user, project_id, member_id, role=role)

    def remove(self, user: User, project_id: UUID, member_id: UUID) -> None:
        """Remove a member, or let one leave; LastOwner rather than leave a project without one."""
        with self.database.transaction() as session:
            if member_id == user.id:
                rights.hold(session, project_id, user.id)
            else:
                rights.enter(session, project_id, user.id, "manage")
            if _role_of(session, project_id, member_id) == OWNER:
                _require_another_owner(session, project_id, member_id)
            of_both = (Member.project_id == project_id, Member.user_id == member_id)
            session.execute(delete(Member).where(*of_both))
            _record(session, Event.PROJECT_MEMBER_REMOVED, user, project_id, member_id)

    def _add(self, session: Session, user: User, project_id: UUID, name: str, role: str) -> Person:
        rights.enter(session, project_id, user.id, "manage")
        found = directory.find(session, name)
        if found is None or found.disabled_at is not None or found.unconfirmed_since is not None:
            raise NotThere(_NOBODY, field="user", because="unknown, disabled or unconfirmed")
        if rights.role_of(session, project_id, found.id) is not None:
            raise ProjectRefused(_MEMBER_ALREADY, field="user")
        members = select(func.count()).select_from(Member).where(Member.project_id == project_id)
        if (session.scalar(members) or 0) >= self.settings.members_per_project:
            raise Full(Text(_FULL, n=self.settings.members_per_project))
        if role == OWNER:
            self._require_room(session, found.id)
        insert_if_absent(session, Member, {"project_id": project_id, "user_id": found.id, "role": role})
        _record(session, Event.PROJECT_MEMBER_ADDED, user, project_id, found.id, role=role)
        return Person(found.id, found.username, role)

    def _require_room(self, session: Session, member_id: UUID) -> None:
        """Raise Full unless this person may own one more."""
        if directory.hold(session, member_id) is None:
            raise NotThere(_NO_MEMBER, because="disabled")
        try:
            book.require_room(session, member_id, self.settings.per_user)
        except Full as refusal:
            raise Full(_OWNS_ENOUGH, because=refusal.because) from refusal


def _check(role: str) -> None:
    if role not in ROLES:
        raise ProjectRefused(_NO_ROLE, field="role")


def _role_of(session: Session, project_id: UUID, member_id: UUID) -> str:
    role = rights.role_of(session, project_id, member_id)
    if role is None:
        raise NotThere(_NO_MEMBER)
    return role


def _require_another_owner(session: Session, project_id: UUID, member_id: UUID) -> None:
    """Raise LastOwner unless somebody else, who can still act, owns the project; it is held meanwhile."""
    others = (Member.project_id == project_id, Member.role == OWNER, Member.user_id != member_id)
    enabled = select(User.id).join(Member, Member.user_id == User.id).where(*others, User.disabled_at.is_(None))
    if session.scalars(enabled.limit(1)).first() is None:
        raise LastOwner


def _record(
    session: Session, event: Event, user: User, project_id: UUID, member_id: UUID, role: str | None = None
) -> None:
    details: dict[str, Any] = {"project": str(project_id), "member": str(member_id), **({"role": role} if role else {})}
    trail.record(session, event, user_id=user.id, **details)
