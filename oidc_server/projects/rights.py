"""Rights: who may do what in a project, asked here before every deed and nowhere else."""

from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.foundation.languages import N_
from oidc_server.projects.models import Member, Project
from oidc_server.projects.refusals import NotAllowed, NotThere

Role = Literal["owner", "editor", "viewer"]
Right = Literal["see", "edit_clients", "manage"]

ROLES: tuple[Role, ...] = get_args(Role)
OWNER: Role = "owner"
_ALLOWED: dict[str, frozenset[Right]] = {
    "owner": frozenset({"see", "edit_clients", "manage"}),
    "editor": frozenset({"see", "edit_clients"}),
    "viewer": frozenset({"see"}),
}
_NO_PROJECT = N_("There is no such project.")


@dataclass(frozen=True)
class Place:
    """A project, and what somebody is in it."""

    project: Project
    role: str

    def allows(self, right: Right) -> bool:
        """Whether they may do that."""
        return right in _ALLOWED[self.role]


def enter(session: Session, project_id: UUID, user_id: UUID, right: Right) -> Place:
    """Let somebody do something in a project; NotThere for those who may not know of it, NotAllowed for other members.

    Whoever does more than see holds the project until the transaction ends: two deeds in one project never meet halfway.
    """
    wanted = select(Project).where(Project.id == project_id)
    project = session.scalars(wanted if right == "see" else wanted.with_for_update()).first()
    role = role_of(session, project_id, user_id) if project else None
    if project is None or role is None:
        raise NotThere(_NO_PROJECT, because="no such project" if project is None else "not a member")
    place = Place(project, role)
    if not place.allows(right):
        raise NotAllowed(because=f"a {role} may not {right}")
    return place


def hold(session: Session, project_id: UUID, user_id: UUID) -> Place:
    """The same for what any member may do with themselves: the project stays as it is until the transaction ends."""
    session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    return enter(session, project_id, user_id, "see")


def role_of(session: Session, project_id: UUID, user_id: UUID) -> str | None:
    """What somebody is in a project; None if they are no member."""
    of_both = (Member.project_id == project_id, Member.user_id == user_id)
    return session.scalars(select(Member.role).where(*of_both)).first()
