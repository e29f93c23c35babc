"""The outbox: deliveries written, claimed by one worker at a time, and settled."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm import Session

from oidc_server.clients.models import ClientRow
from oidc_server.foundation import clock
from oidc_server.foundation.bells import ring_after_commit
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.statements import affected, insert_selected, remove_in_batches
from oidc_server.logouts.models import LogoutDelivery
from oidc_server.sessions.models import BrowserSession, SessionClient

#: Rung, once it is committed, in the worker that wrote something here.
BELL = "logouts"
#: The waits after each try that failed; after the last one there is no other: five tries in 51 minutes.
WAITS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(minutes=40))
#: However often a client could not even be tried, nobody remembers the session after that.
_GIVEN_UP_AFTER = timedelta(hours=2)
_PAUSE = timedelta(seconds=30)
_KEPT_AFTER = timedelta(days=1)

_OF_ROW = (
    LogoutDelivery.session_id,
    LogoutDelivery.client_id,
    LogoutDelivery.user_id,
    LogoutDelivery.created_at,
    LogoutDelivery.attempts,
    LogoutDelivery.due_at,
)
_DUE = (
    select(*_OF_ROW)
    .where(LogoutDelivery.due_at <= bindparam("now", type_=LogoutDelivery.due_at.type))
    .order_by(LogoutDelivery.due_at)
    .limit(bindparam("count"))
)


@dataclass(frozen=True)
class Delivery:
    """A delivery that this worker, and no other, tries now."""

    session_id: UUID
    client_id: str
    user_id: UUID
    created_at: datetime
    attempts: int
    """How often it was tried, this time included."""


def add_for_session(session: Session, session_id: UUID) -> None:
    """Every client of a session that wants to hear of its end shall."""
    _add(session, BrowserSession.id == session_id)


def add_for_user(session: Session, user_id: UUID) -> None:
    """The same for every session of a user that is going on; call it before they end."""
    _add(session, BrowserSession.user_id == user_id, BrowserSession.ended_at.is_(None))


def claim(handle: Handle, count: int, lease: timedelta) -> list[Delivery]:
    """At most so many deliveries that are due; for the time of the lease they are nobody else's."""
    now = clock.now()
    rows = handle.execute(_DUE, {"now": now, "count": count}).all()
    return [
        Delivery(row.session_id, row.client_id, row.user_id, row.created_at, row.attempts + 1)
        for row in rows
        if _take(handle, row.session_id, row.client_id, row.due_at, now + lease)
    ]


def settle(session: Session, delivery: Delivery, error: str | None = None) -> None:
    """It is done: the client has heard of it, or we gave up for this reason."""
    _write(session, delivery, due_at=None, done_at=clock.now(), last_error=error)


def try_again(session: Session, delivery: Delivery, error: str) -> None:
    """It failed and is tried again after a wait."""
    _write(session, delivery, due_at=clock.now() + WAITS[delivery.attempts - 1], last_error=error)


def postpone(session: Session, delivery: Delivery, error: str) -> None:
    """It could not even be tried: that counts for nothing."""
    _write(session, delivery, due_at=clock.now() + _PAUSE, last_error=error, attempts=delivery.attempts - 1)


def is_last(delivery: Delivery) -> bool:
    """Whether it won't be tried again."""
    return delivery.attempts > len(WAITS) or has_grown_old(delivery)


def has_grown_old(delivery: Delivery) -> bool:
    """Whether it has waited for so long that it helps nobody any more."""
    return clock.now() >= delivery.created_at + _GIVEN_UP_AFTER


def remove_old(database: Database) -> int:
    """Forget deliveries that were done, or left lying, a day ago; how many."""
    return remove_in_batches(database, LogoutDelivery.session_id, LogoutDelivery.created_at < clock.now() - _KEPT_AFTER)


def _add(session: Session, *conditions: ColumnElement[bool]) -> None:
    now = clock.now()
    wants_to_hear = ClientRow.registration["backchannel_logout_uri"].as_string().is_not(None)
    participants = (
        select(
            SessionClient.session_id,
            SessionClient.client_id,
            BrowserSession.user_id,
            bindparam("created_at", now, LogoutDelivery.created_at.type),
            bindparam("due_at", now, LogoutDelivery.due_at.type),
            bindparam("attempts", 0),
        )
        .join(BrowserSession, BrowserSession.id == SessionClient.session_id)
        .join(ClientRow, ClientRow.client_id == SessionClient.client_id)
        .where(wants_to_hear, ClientRow.disabled_at.is_(None), *conditions)
    )
    names = ["session_id", "client_id", "user_id", "created_at", "due_at", "attempts"]
    if insert_selected(session, LogoutDelivery, names, participants):
        ring_after_commit(session, BELL)


def _take(handle: Handle, session_id: UUID, client_id: str, seen: datetime, until: datetime) -> bool:
    """Claim one: of many workers that saw it due, the one whose UPDATE still finds it so."""
    same = (*_key(session_id, client_id), LogoutDelivery.due_at == seen)
    values = {"due_at": until, "attempts": LogoutDelivery.attempts + 1}
    return affected(handle.execute(update(LogoutDelivery).where(*same).values(values))) == 1


def _write(session: Session, delivery: Delivery, **values: object) -> None:
    key = _key(delivery.session_id, delivery.client_id)
    session.execute(update(LogoutDelivery).where(*key).values(values))


def _key(session_id: UUID, client_id: str) -> tuple[ColumnElement[bool], ...]:
    return (LogoutDelivery.session_id == session_id, LogoutDelivery.client_id == client_id)
