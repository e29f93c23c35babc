"""The table of signing keys."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base


class SigningKey(Base):
    """One key and its timetable: announced, signs, verifies, removed."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    algorithm: Mapped[str]
    public_jwk: Mapped[dict[str, str]]
    sealed_private_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The private JWK, sealed with the kid as what it is about; gone once the key is removed."""
    succeeds: Mapped[str] = mapped_column(unique=True)
    """The key before it; unique, so that two nodes that rotate at once make one successor."""
    announced_at: Mapped[datetime]
    signs_from: Mapped[datetime]
    """It signs from now until its successor does."""
    verifies_until: Mapped[datetime | None]
    """When the last token that it signed has expired; unknown while it has no successor."""
    removed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    """When an operator took it away: nothing that it signed, or will sign in a thief's hands, is believed any more."""

    def __str__(self) -> str:
        return f"{self.kid} ({self.algorithm})"
