"""The table of sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base
from oidc_server.foundation.identifiers import new_id


class BrowserSession(Base):
    """A person signed in on a browser; its id is the `sid` of OpenID Connect's logout specifications."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    generation: Mapped[int] = mapped_column(default=0)
    """Counts the sign-ins in this session; a cookie of an earlier one is worth nothing."""
    authenticated_at: Mapped[datetime]
    """When the person last proved who they are: `auth_time`; at another provider, if that is where they came from."""
    acr: Mapped[str]
    amr: Mapped[list[str]]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    idle_expires_at: Mapped[datetime | None]
    """When it is over unless it is used; unknown in rows from before there was this column."""
    ended_at: Mapped[datetime | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None] = mapped_column(String(300))

    def __str__(self) -> str:
        return f"session {self.id}"


class SessionClient(Base):
    """A client that took part in a session and wants to hear of its end."""

    __tablename__ = "session_clients"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True, index=True
    )
    first_grant_at: Mapped[datetime]

    def __str__(self) -> str:
        return f"{self.client_id} in session {self.session_id}"
