"""The tables of clients, their secrets and origins, of what lets them register, and of resource servers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base
from oidc_server.foundation.identifiers import new_id


class ClientRow(Base):
    """A registered client; its metadata are an RFC 7591 document."""

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    registration: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    is_dynamic: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It registered itself (RFC 7591); such a client is removed when nobody uses it."""
    registration_token_hash: Mapped[str | None]
    software_statement: Mapped[str | None] = mapped_column(Text)
    """The statement that it registered with, as it was sent (RFC 7591 §3.2.1)."""
    last_used_at: Mapped[datetime | None]
    """To a day; known of dynamic clients only."""
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    """The project whose members registered it; it goes with it, lest it be taken for an operator's."""
    tokens_from: Mapped[datetime | None]
    """What it got for itself counts only if it was issued from here on; to a whole second, as tokens tell it."""

    def __str__(self) -> str:
        return self.client_id


class ClientSecret(Base):
    """A client's secret, as a keyed hash; two live side by side while one replaces the other."""

    __tablename__ = "client_secrets"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str]
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The secret itself, sealed under the master key: only for clients that sign with it (client_secret_jwt)."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"secret of {self.client_id}"


class UsedAssertion(Base):
    """A client's assertion that was used, until it would have expired."""

    __tablename__ = "used_assertions"

    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    def __str__(self) -> str:
        return self.fingerprint


class ClientOrigin(Base):
    """A web origin that a client's redirect URIs stand on: its scripts may call us (CORS)."""

    __tablename__ = "client_origins"

    origin: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True, index=True
    )

    def __str__(self) -> str:
        return self.origin


class InitialAccessToken(Base):
    """What lets somebody register so many clients (RFC 7591 §3), as a keyed hash."""

    __tablename__ = "initial_access_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[str]
    uses_left: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    def __str__(self) -> str:
        return f"initial access token {self.id}"


class ResourceRow(Base):
    """A resource server: an API that accepts our access tokens (RFC 8707)."""

    __tablename__ = "resources"

    resource: Mapped[str] = mapped_column(String(512), primary_key=True)
    scopes: Mapped[dict[str, str]]
    """Each scope with the words in which the consent page asks for it; empty if there are none."""
    client_id: Mapped[str | None] = mapped_column(ForeignKey("clients.client_id", ondelete="SET NULL"), index=True)
    """The client that this API authenticates as when it asks us about a token (RFC 7662)."""
    token_lifetime: Mapped[int | None]
    """Seconds that access tokens for it live, if fewer than by the settings."""
    token_signing_alg: Mapped[str | None]
    """What access tokens for it are signed with; by default RS256."""
    updated_at: Mapped[datetime]

    def __str__(self) -> str:
        return self.resource
