"""The outbox of logout tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base


class LogoutDelivery(Base):
    """One client that must hear that one session has ended; a session ends once."""

    __tablename__ = "logout_deliveries"

    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True, index=True
    )
    user_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it is tried next, or when whoever tries it now has had time enough; None once it is done."""
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    """When the client had heard of it, or we gave up."""

    def __str__(self) -> str:
        return f"logout of session {self.session_id} for {self.client_id}"
