"""Authorization codes: a grant's id and a MAC; spent once (RFC 6749 §4.1.2)."""

from uuid import UUID

from sqlalchemy import Connection, bindparam, update

from oidc_server.foundation import clock
from oidc_server.foundation.sealing import Sealing
from oidc_server.tokens.grants import is_standing
from oidc_server.tokens.models import Grant

_PURPOSE = "authorization code"
_SPEND = (
    update(Grant)
    .where(
        Grant.id == bindparam("grant_id"),
        Grant.code_spent_at.is_(None),
        Grant.code_expires_at > bindparam("now", type_=Grant.code_expires_at.type),
        is_standing(),
    )
    .values(code_spent_at=bindparam("now", type_=Grant.code_spent_at.type))
)


def mint(sealing: Sealing, grant_id: UUID) -> str:
    """The code of a grant."""
    return sealing.stamp(_PURPOSE, grant_id.bytes)


def read(sealing: Sealing, code: str) -> UUID | None:
    """The grant that a code stands for, or None for junk; asks nobody."""
    try:
        return UUID(bytes=sealing.stamped(_PURPOSE, code))
    except ValueError:
        return None


def spend(connection: Connection, grant_id: UUID) -> bool:
    """Spend a code; whether it was alive and nobody was faster."""
    return connection.execute(_SPEND, {"grant_id": grant_id, "now": clock.now()}).rowcount == 1
