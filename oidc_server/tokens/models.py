"""The tables of grants, of single access tokens that were revoked, and of what devices asked for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, Uuid, column, table
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base, UtcDateTime
from oidc_server.foundation.identifiers import new_id


class Grant(Base):
    """An authorization, from the moment the person says yes until it expires or is revoked."""

    __tablename__ = "grants"
    __table_args__ = (Index(None, "user_id", "client_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    session_id: Mapped[UUID | None] = mapped_column(index=True)
    """The browser session it was made in; it ends with that session unless it is offline."""
    is_offline: Mapped[bool] = mapped_column(default=False)
    rests_on_consent: Mapped[bool] = mapped_column(default=False)
    """Dead without the person's consent; not so where none was asked for."""
    scopes: Mapped[list[str]]
    redirect_uri: Mapped[str | None] = mapped_column(Text)
    code_challenge: Mapped[str | None]
    nonce: Mapped[str | None] = mapped_column(Text)
    claims: Mapped[dict[str, Any] | None]
    """Single claims that were asked for, by `userinfo` and `id_token` (OpenID Connect Core §5.5)."""
    resources: Mapped[list[str] | None]
    """The resource servers that its tokens are for, where some were named (RFC 8707)."""
    authenticated_at: Mapped[datetime]
    acr: Mapped[str]
    amr: Mapped[list[str]]
    cnf: Mapped[dict[str, Any] | None]
    """The sender's key that its tokens are bound to (RFC 7800)."""
    created_at: Mapped[datetime]
    code_expires_at: Mapped[datetime | None]
    code_spent_at: Mapped[datetime | None]
    refresh_counter: Mapped[int] = mapped_column(default=0)
    refresh_rotated_at: Mapped[datetime | None]
    idle_expires_at: Mapped[datetime]
    """When its refresh token expires unless it is used."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"grant {self.id} of {self.client_id}"


class RevokedToken(Base):
    """An access token that was revoked by itself, until it would have expired."""

    __tablename__ = "revoked_tokens"

    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    def __str__(self) -> str:
        return self.jti


class DeviceRequest(Base):
    """What a device without a browser asked for, until it has expired; the grant it leads to gets its id (RFC 8628)."""

    __tablename__ = "device_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), index=True)
    user_code_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    resources: Mapped[list[str] | None]
    address: Mapped[str | None]
    """Where the device asked from, for the person to compare: an address, or an IPv6 network."""
    user_agent: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    interval_seconds: Mapped[int]
    """How long the device must wait before it asks for its tokens again."""
    polled_at: Mapped[datetime | None]
    decision: Mapped[str | None]
    """`allow` or `deny`, once a person has decided."""

    def __str__(self) -> str:
        return f"device request {self.id} of {self.client_id}"


#: What this room reads of people: whether they may still act. The table is the accounts room's.
users = table("users", column("id", Uuid), column("disabled_at", UtcDateTime))
