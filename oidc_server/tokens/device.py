"""Device requests: begun by a device, decided by a person, polled until then (RFC 8628).

A device code is the request's id and a MAC. The grant that an approval makes has the same id, and the device code is redeemed
as that grant's code: spent once (`code.spend`).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, bindparam, select, update
from sqlalchemy.orm import Session

from oidc_server.foundation import clock
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected, insert_if_absent, remove_in_batches
from oidc_server.tokens import user_code
from oidc_server.tokens.models import DeviceRequest

#: How often a device may ask at first, and how much longer it must wait each time it asks too early (RFC 8628 §3.5).
INTERVAL_SECONDS = 5
#: Two nodes' clocks never agree to the millisecond.
_TOLERANCE = timedelta(seconds=0.5)
_PURPOSE = "device code"

_ID = DeviceRequest.id == bindparam("request_id")
_NOW = bindparam("now", type_=DeviceRequest.polled_at.type)
_IS_OPEN = (DeviceRequest.decision.is_(None), DeviceRequest.expires_at > _NOW)
_FIND = select(DeviceRequest.__table__)
_SEEN_BEFORE = DeviceRequest.polled_at.is_not_distinct_from(bindparam("before", type_=DeviceRequest.polled_at.type))
_NOTE = update(DeviceRequest).where(_ID, _SEEN_BEFORE).values(polled_at=_NOW)
_SLOW_DOWN = (
    update(DeviceRequest)
    .where(_ID)
    .values(polled_at=_NOW, interval_seconds=DeviceRequest.interval_seconds + INTERVAL_SECONDS)
)
_DECIDE = update(DeviceRequest).where(_ID, *_IS_OPEN).values(decision=bindparam("decided"))


@dataclass(frozen=True)
class Asking:
    """Who asks for what, and where."""

    client_id: str
    scopes: frozenset[str]
    resources: frozenset[str]
    address: str
    user_agent: str


@dataclass(frozen=True)
class Codes:
    """What the device is told: the code that it keeps, and the one that it shows."""

    device_code: str
    user_code: str


def begin(handle: Handle, sealing: Sealing, asking: Asking, lifetime: timedelta) -> Codes:
    """Write a device's request down."""
    now, request_id = clock.now(), new_id()
    values = {
        "id": request_id,
        "client_id": asking.client_id,
        "scopes": sorted(asking.scopes),
        "resources": sorted(asking.resources) or None,
        "address": asking.address,
        "user_agent": asking.user_agent,
        "created_at": now,
        "expires_at": now + lifetime,
        "interval_seconds": INTERVAL_SECONDS,
    }
    while True:
        shown = user_code.new()
        if insert_if_absent(handle, DeviceRequest, {**values, "user_code_hash": user_code.fingerprint(sealing, shown)}):
            return Codes(sealing.stamp(_PURPOSE, request_id.bytes), shown)


def read(sealing: Sealing, device_code: str) -> UUID | None:
    """The request that a device code stands for, or None for junk; asks nobody."""
    try:
        return UUID(bytes=sealing.stamped(_PURPOSE, device_code))
    except ValueError:
        return None


def find(handle: Handle, request_id: UUID) -> DeviceRequest | None:
    """The request with this id."""
    return _found(handle, DeviceRequest.id == request_id)


def find_open(handle: Handle, sealing: Sealing, shown: str) -> DeviceRequest | None:
    """The request that a user code stands for, while it waits for somebody to decide."""
    found = _found(handle, DeviceRequest.user_code_hash == user_code.fingerprint(sealing, shown))
    return found if found is not None and is_open(found) else None


def is_open(request: DeviceRequest) -> bool:
    """Whether it still waits for somebody to decide."""
    return request.decision is None and not has_expired(request)


def has_expired(request: DeviceRequest) -> bool:
    """Whether it is too late for it."""
    return request.expires_at <= clock.now()


def has_waited(connection: Connection, request: DeviceRequest) -> bool:
    """Note that a device asks for its tokens; whether it waited long enough. If not, it must wait longer from now on."""
    now, before = clock.now(), request.polled_at
    interval = timedelta(seconds=request.interval_seconds) - _TOLERANCE
    values = {"request_id": request.id, "now": now}
    is_time = before is None or now - before >= interval
    # Of many at once one has waited; the others came right behind it.
    if is_time and affected(connection.execute(_NOTE, {**values, "before": before})) == 1:
        return True
    connection.execute(_SLOW_DOWN, values)
    return False


def decide(session: Session, request_id: UUID, decision: Literal["allow", "deny"]) -> bool:
    """Write down what a person decided; whether there was still something to decide."""
    values = {"request_id": request_id, "now": clock.now(), "decided": decision}
    return affected(session.execute(_DECIDE, values)) == 1


def remove_old(database: Database) -> int:
    """Forget requests that have expired; how many. A device code of ours without its request is known to be an expired one."""
    return remove_in_batches(database, DeviceRequest.id, DeviceRequest.expires_at < clock.now())


def _found(handle: Handle, condition: ColumnElement[bool]) -> DeviceRequest | None:
    row = handle.execute(_FIND.where(condition)).first()
    return DeviceRequest(**row._mapping) if row else None
