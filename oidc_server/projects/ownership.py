"""Ownership: what a person has of projects, for their download, and what goes with them when they leave."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from oidc_server.accounts.models import User
from oidc_server.projects.models import Member, Project
from oidc_server.projects.rights import OWNER

_PAGE = "account/projects"


class Ownership:
    """Tells it."""

    def export(self, session: Session, user_id: UUID) -> Mapping[str, Any]:
        """The projects that somebody is a member of, by name, and what they are there."""
        of_user = select(Project, Member.role).join(Member, Member.project_id == Project.id)
        rows = session.execute(of_user.where(Member.user_id == user_id).order_by(Project.name, Project.id))
        return {
            "projects": [
                {"id": str(project.id), "name": project.name, "created_at": project.created_at, "role": role}
                for project, role in rows
            ]
        }

    def lost_with(self, session: Session, user_id: UUID) -> Mapping[str, str]:
        """The projects that nobody else owns who can sign in: the pages of them, and their names."""
        other = aliased(Member)
        of_others = (other.project_id == Project.id, other.role == OWNER, other.user_id != user_id)
        another = exists().where(*of_others, User.id == other.user_id, User.disabled_at.is_(None))
        owned = select(Project).join(Member, Member.project_id == Project.id)
        theirs = owned.where(Member.user_id == user_id, Member.role == OWNER, ~another)
        ordered = theirs.order_by(Project.name, Project.id)
        return {f"{_PAGE}/{project.id}": project.name for project in session.scalars(ordered)}
