"""Bodies of the operations on projects."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oidc_server.api.bodies import Body, Name
from oidc_server.clients.dynamic import OPERATOR_ONLY
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.projects.models import MAX_NAME

Role = Literal["owner", "editor", "viewer"]
_DAY = 86400


class ProjectName(Body):
    """What a project is called."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME, examples=["Pocket weather"])]


class NewMember(Body):
    """Who shall be a member, and what they may do."""

    user: Name
    """Their user name or e-mail address; they must have an account."""
    role: Role = "viewer"


class MemberRole(Body):
    """What a member may do: an owner everything, an editor what concerns clients, a viewer nothing but see."""

    role: Role


class SecretRotation(Body):
    """How the old secret ends."""

    keep_old_for: Annotated[int, Field(ge=0, le=_DAY)] = 0
    """Seconds that it still works, a day at most."""


class Project(BaseModel):
    """A project, as a member sees it."""

    id: UUID
    name: str
    role: Role
    """What the caller is in it."""
    created_at: datetime


class Projects(BaseModel):
    """The caller's projects, by name."""

    projects: list[Project]


class Member(BaseModel):
    """A member of a project."""

    user_id: UUID
    username: str
    role: Role


class Members(BaseModel):
    """A project's members, by name."""

    members: list[Member]


class ClientDescription(ClientMetadata):
    """A client in the members of RFC 7591 §2, within the limits of clients that register themselves."""

    model_config = ConfigDict(json_schema_extra=lambda schema: _without(schema, *OPERATOR_ONLY))


class Client(ClientMetadata):
    """A client as it is registered."""

    model_config = ConfigDict(extra="ignore", json_schema_extra=lambda schema: _without(schema, *OPERATOR_ONLY))

    client_id: str
    client_secret: str | None = None
    """Only where it is new: it is told once."""
    created_at: datetime
    is_enabled: bool
    """False where an operator has disabled it."""


class Clients(BaseModel):
    """A project's clients, the oldest first."""

    clients: list[Client]


def _without(schema: dict[str, object], *members: str) -> None:
    properties = schema["properties"]
    assert isinstance(properties, dict)  # noqa: S101 - what the schema of every model has
    for member in members:
        properties.pop(member, None)
