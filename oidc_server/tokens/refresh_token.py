"""Refresh tokens: a grant's id, a counter and a MAC; rotated at every use (RFC 9700 §4.14).

The counter in the row says which token is the current one. Its predecessor, sent again within a few seconds, gets the same
successor, because an answer may be lost on its way; any older one proves that two parties hold the grant, and ends it.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, bindparam, update

from oidc_server.foundation import clock
from oidc_server.foundation.sealing import Sealing
from oidc_server.tokens import grants
from oidc_server.tokens.grants import Granted, is_standing
from oidc_server.tokens.models import Grant

_PURPOSE = "refresh token"
_NOW = bindparam("now", type_=Grant.expires_at.type)
_ROTATE = (
    update(Grant)
    .where(Grant.id == bindparam("grant_id"), Grant.refresh_counter == bindparam("counter"), is_standing())
    .values(
        refresh_counter=Grant.refresh_counter + 1,
        refresh_rotated_at=_NOW,
        idle_expires_at=bindparam("idle_until", type_=Grant.idle_expires_at.type),
    )
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
    connection: Connection, grant: Granted, token: RefreshToken, *, idle: timedelta, retry: timedelta
) -> Granted | None:
    """Exchange a refresh token for its successor: the grant with its new counter.

    None if the grant has ended meanwhile; Replayed if the token is an old one, which ends the grant.
    """
    now = clock.now()
    values = {"grant_id": grant.id, "counter": token.counter, "now": now, "idle_until": now + idle}
    if token.counter == grant.refresh_counter and connection.execute(_ROTATE, values).rowcount == 1:
        return replace(grant, refresh_counter=token.counter + 1, refresh_rotated_at=now)
    # An old one, or somebody was faster with this one.
    latest = grants.read(connection, grant.id)
    if latest is None or latest.has_ended or latest.refresh_counter <= token.counter:
        return None
    if _is_retry(latest, token, retry):
        return latest
    grants.revoke(connection, latest.id)
    raise Replayed(latest)


def is_current(grant: Granted, token: RefreshToken) -> bool:
    """Whether a refresh token is the grant's current one."""
    return not grant.has_ended and grant.refresh_counter == token.counter


def is_replay(grant: Granted, token: RefreshToken, retry: timedelta) -> bool:
    """Whether this is an old token that came too late to be sent again because its answer was lost."""
    return token.counter < grant.refresh_counter and not _is_retry(grant, token, retry)


def _is_retry(grant: Granted, token: RefreshToken, retry: timedelta) -> bool:
    """Whether this is the token just before the current one, sent again before its answer can have been used up."""
    is_predecessor = grant.refresh_counter == token.counter + 1
    return is_predecessor and grant.refresh_rotated_at is not None and clock.now() < grant.refresh_rotated_at + retry
