"""The table of consents."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base


class Consent(Base):
    """What one person has allowed one client; without it, the client's grants that rest on it are dead."""

    __tablename__ = "consents"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True, index=True
    )
    scopes: Mapped[list[str]]
    given_at: Mapped[datetime]

    def __str__(self) -> str:
        return f"{self.user_id} allowed {self.client_id} {' '.join(self.scopes)}"
