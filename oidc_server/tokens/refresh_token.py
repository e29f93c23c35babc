"""Refresh tokens: a grant's id, a counter and a MAC; rotated at every use (RFC 9700 §4.14).

The counter in the row says which token is the current one. Its predecessor, sent again within a few seconds, gets the same
successor, because an answer may be lost on its way; any older one proves that two parties hold the grant, and ends it.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, bindparam, update

from oidc_server.foundation import clock
from oidc_server.foundation.sealing import Sealing
from oidc_server.tokens import grants
from oidc_server.tokens.grants import COLUMNS, Granted, granted, is_standing
from oidc_server.tokens.models import Grant

_PURPOSE = "refresh token"
_NOW = bindparam("now", type_=Grant.expires_at.type)
_ROTATE = (
    update(Grant)
    .where(
        Grant.id == bindparam("grant_id"),
        Grant.client_id == bindparam("client"),
        Grant.refresh_counter == bindparam("counter"),
        Grant.idle_expires_at > _NOW,
        is_standing(),
    )
    .values(
        refresh_counter=Grant.refresh_counter + 1,
        refresh_rotated_at=_NOW,
        idle_expires_at=bindparam("idle_until", type_=Grant.idle_expires_at.type),
    )
    .returning(*COLUMNS)
)


@dataclass(frozen=True)
class RefreshToken:
    """What a refresh token says."""

    grant_id: UUID
    counter: int


class Replayed(Exception):
    """An old refresh token came again, and its grant was revoked."""

    def __init__(self, grant: Granted) -> None:
        super().__init__(str(grant.id))
        self.grant = grant


def mint(sealing: Sealing, grant_id: UUID, counter: int) -> str:
    """The refresh token of a grant with this counter: the same each time."""
    return sealing.stamp(_PURPOSE, grant_id.bytes + counter.to_bytes(4))


def read(sealing: Sealing, text: str) -> RefreshToken | None:
    """What a refresh token says, or None for junk; asks nobody."""
    try:
        data = sealing.stamped(_PURPOSE, text)
    except ValueError:
        return None
    return RefreshToken(UUID(bytes=data[:16]), int.from_bytes(data[16:]))


def rotate(
    connection: Connection, token: RefreshToken, client_id: str, *, idle: timedelta, retry: timedelta
) -> Granted | None:
    """Exchange a refresh token for its successor: the grant with its new counter.

    None if it is not this client's or the grant has ended; Replayed if it is an old one, which ends the grant.
    """
    now = clock.now()
    values = {
        "grant_id": token.grant_id,
        "client": client_id,
        "counter": token.counter,
        "now": now,
        "idle_until": now + idle,
    }
    row = connection.execute(_ROTATE, values).first()
    if row is not None:
        return granted(row, has_ended=False)
    known = grants.read(connection, token.grant_id)
    if known is None or known.client_id != client_id or known.has_ended or known.refresh_counter <= token.counter:
        return None
    if _is_retry(known, token, retry):
        return known
    grants.revoke(connection, known.id)
    raise Replayed(known)


def is_current(grant: Granted, token: RefreshToken) -> bool:
    """Whether a refresh token is the grant's current one."""
    return not grant.has_ended and grant.refresh_counter == token.counter


def _is_retry(grant: Granted, token: RefreshToken, retry: timedelta) -> bool:
    """Whether this is the token just before the current one, sent again before its answer can have been used up."""
    is_predecessor = grant.refresh_counter == token.counter + 1
    return is_predecessor and grant.refresh_rotated_at is not None and clock.now() < grant.refresh_rotated_at + retry
