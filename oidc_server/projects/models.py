"""The tables of projects and their members; which project a client belongs to stands with the client."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base
from oidc_server.foundation.identifiers import new_id

MAX_NAME = 100


class Project(Base):
    """What a group of people works on."""

    __tablename__ = "projects"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    created_at: Mapped[datetime]

    def __str__(self) -> str:
        return self.name


class Member(Base):
    """A person who may see a project, and perhaps more."""

    __tablename__ = "project_members"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(16))
    """`owner`, `editor` or `viewer`."""

    def __str__(self) -> str:
        return f"{self.user_id}, {self.role} of {self.project_id}"
