"""The table of events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base
from oidc_server.foundation.identifiers import new_id


class AuditEvent(Base):
    """Something that happened. Ids only, no foreign keys: it outlives what it tells of."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "at"), Index(None, "user_id", "at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    event: Mapped[str]
    user_id: Mapped[UUID | None]
    client_id: Mapped[str | None]
    session_id: Mapped[UUID | None]
    grant_id: Mapped[UUID | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    details: Mapped[dict[str, Any] | None]

    def __str__(self) -> str:
        return f"{self.event} at {self.at:%Y-%m-%d %H:%M:%S}"
