"""Factors: what a person could prove besides a password."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from oidc_server.accounts import directory, recovery_codes, totp, trusted_browsers
from oidc_server.accounts.models import Authenticator, Passkey, User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Handle

_COUNT = select(
    *(
        select(func.count()).select_from(model).where(model.user_id == bindparam("user_id")).scalar_subquery()
        for model in (Authenticator, Passkey)
    )
)


@dataclass(frozen=True)
class Factors:
    """What a person has."""

    authenticators: int = 0
    passkeys: int = 0

    @property
    def is_any(self) -> bool:
        """Whether a password alone lets them in no more."""
        return self.count > 0

    @property
    def count(self) -> int:
        """How many there are."""
        return self.authenticators + self.passkeys


def of(handle: Handle, user_id: UUID) -> Factors:
    """What a person has."""
    authenticators, passkeys = handle.execute(_COUNT, {"user_id": user_id}).one()
    return Factors(authenticators, passkeys)


def note_added(session: Session, user_id: UUID, kind: str) -> None:
    """Write down that a person has a new factor: what was decided on older terms is asked anew."""
    trusted_browsers.remove_all(session, user_id)
    trail.record(session, Event.FACTOR_ADDED, user_id=user_id, kind=kind)


def note_removed(session: Session, user_id: UUID, kind: str) -> None:
    """Write down that a factor is gone; with the last one go the codes that stood in for it."""
    trusted_browsers.remove_all(session, user_id)
    if not of(session, user_id).is_any:
        recovery_codes.remove_all(session, user_id)
    trail.record(session, Event.FACTOR_REMOVED, user_id=user_id, kind=kind)


def remove_all(session: Session, user_id: UUID) -> None:
    """Take away everything that a person could prove besides a password."""
    totp.remove(session, user_id)
    session.execute(delete(Passkey).where(Passkey.user_id == user_id))
    recovery_codes.remove_all(session, user_id)


def reset(session: Session, user: User) -> Factors:
    """Remove everything that a person has lost, and end what goes on in their name; what they had."""
    had = of(session, user.id)
    remove_all(session, user.id)
    directory.end_everything(session, user.id)
    trail.record(session, Event.FACTORS_RESET, user_id=user.id, passkeys=had.passkeys)
    return had
