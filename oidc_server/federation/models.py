"""The tables of upstreams, of the identities that people have there, and of attempts that are used up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base
from oidc_server.foundation.identifiers import new_id


class UpstreamRow(Base):
    """Another identity provider, as an operator described it."""

    __tablename__ = "upstreams"

    slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    definition: Mapped[dict[str, Any]]
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What we prove ourselves with there, sealed under the master key."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return self.slug


class UpstreamIdentity(Base):
    """Who a user is at an upstream: its issuer and subject, never an e-mail address, which may change hands."""

    __tablename__ = "upstream_identities"
    __table_args__ = (UniqueConstraint("upstream", "issuer", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    upstream: Mapped[str] = mapped_column(ForeignKey("upstreams.slug", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(512))
    subject: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    label: Mapped[str | None]
    """What they are called there, so that they recognise it; it proves nothing."""
    linked_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"{self.subject} at {self.upstream}"


class UsedAttempt(Base):
    """An attempt to sign in at an upstream that has come back, until it would have expired."""

    __tablename__ = "used_upstream_attempts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    def __str__(self) -> str:
        return f"attempt {self.id}"
