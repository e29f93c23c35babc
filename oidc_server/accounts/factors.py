"""Factors: what a person could prove besides a password."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from oidc_server.accounts import directory, proofs, recovery_codes, totp, trusted_browsers
from oidc_server.accounts.models import Authenticator, Passkey, User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Handle
from oidc_server.sessions.ledger import Proof
from oidc_server.settings.accounts import FactorSettings

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


def due(
    handle: Handle, policy: FactorSettings, user: User, proof: Proof, *, is_trusted: Callable[[], bool] | None = None
) -> proofs.Step:
    """What a person must do after a proof, on every page and in the API; `is_trusted` says whether they trust the browser."""
    has_factor = of(handle, user.id).is_any
    return proofs.next_step(
        proof,
        has_factor=has_factor,
        is_required=proofs.is_required(policy, user.roles),
        is_trusted=has_factor and is_trusted is not None and is_trusted(),
    )


def could_prove_more(handle: Handle, user_id: UUID, acr: str) -> bool:
    """Whether a person has a second factor and came without it: from a browser that they trust, or a time before it."""
    return acr == proofs.ONE and of(handle, user_id).is_any


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
