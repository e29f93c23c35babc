"""The outbox of mails."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base
from oidc_server.foundation.identifiers import new_id


class Mail(Base):
    """One mail to one person; its id is its Message-ID's, so that one sent twice is recognised."""

    __tablename__ = "mails"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    """The template that it was written from."""
    sealed_letter: Mapped[bytes | None] = mapped_column(LargeBinary)
    """To whom and what; taken away when it is done."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """When it helps nobody any more."""
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it is tried next, or when whoever tries it now has had time enough; None once it is done."""
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    """When it was sent, or we gave up."""

    def __str__(self) -> str:
        return f"mail {self.id} ({self.kind})"
