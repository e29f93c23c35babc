"""Recovery codes: ten words that stand in for a lost factor, each once."""

from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts.models import RecoveryCode
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation import clock
from oidc_server.foundation.database import Handle
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.identifiers import new_reference
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected, table

COUNT = 10
FEW = 3
_PURPOSE = "recovery code"
_HALF = 5


def make(session: Session, sealing: Sealing, user_id: UUID) -> list[str]:
    """New codes for a person, to be shown this once; the old ones are worth nothing any more."""
    remove_all(session, user_id)
    codes = [new_reference() for _ in range(COUNT)]
    now = clock.now()
    rows = [{"user_id": user_id, "code_hash": _hash(sealing, user_id, code), "created_at": now} for code in codes]
    session.execute(table(RecoveryCode).insert(), rows)
    trail.record(session, Event.RECOVERY_CODES_MADE, user_id=user_id)
    return [f"{code[:_HALF]}-{code[_HALF:]}" for code in codes]


def spend(session: Session, sealing: Sealing, user_id: UUID, code: str) -> bool:
    """Use a code up: check and use are one statement; whether it was good."""
    typed = "".join(filter(str.isalnum, code)).upper()
    is_unused = (
        RecoveryCode.user_id == user_id,
        RecoveryCode.code_hash == _hash(sealing, user_id, typed),
        RecoveryCode.used_at.is_(None),
    )
    return affected(session.execute(update(RecoveryCode).where(*is_unused).values(used_at=clock.now()))) == 1


def count(handle: Handle, user_id: UUID) -> int:
    """How many are left."""
    unused = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return handle.execute(select(func.count()).select_from(RecoveryCode).where(*unused)).scalar_one()


def remove_all(session: Session, user_id: UUID) -> None:
    """Forget a person's codes."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _hash(sealing: Sealing, user_id: UUID, code: str) -> str:
    return b64url(sealing.lasting(_PURPOSE, user_id.bytes + code.encode()))
