"""The trail: writes events down.

What changes a state is recorded in the transaction that changes it. What happens a thousand times a second (tokens) is noted:
it goes to the log at once and to the table a moment later, many in one statement, so that it costs a hot request nothing.
"""

import asyncio
from collections import deque
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session
from structlog.contextvars import get_contextvars

from oidc_server.audit.events import Event
from oidc_server.audit.models import AuditEvent
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Unavailable
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.statements import insert_missing, remove_in_batches, table
from oidc_server.foundation.telemetry import metrics
from oidc_server.settings.service import AuditSettings

#: The one detail that is an address: where a device asked from.
DEVICE_ADDRESS = "device_address"
WRITE_EVERY = timedelta(seconds=1)
_AT_ONCE = 500
_WAITING_AT_MOST = 20_000

#: What anybody can cause without proving anything: beyond so many in a second, it stands in the log only.
_BY_STRANGERS = frozenset(
    {
        Event.CLIENT_REFUSED,
        Event.CLIENT_REGISTRATION_REFUSED,
        Event.SIGN_IN_FAILED,
        Event.FACTOR_REFUSED,
        Event.UPSTREAM_REFUSED,
    }
)
_OF_STRANGERS_AT_MOST = 50
_INSERT = insert(table(AuditEvent))

log = structlog.get_logger(__name__)


def record(
    session: Session,
    event: Event,
    *,
    user_id: UUID | None = None,
    client_id: str | None = None,
    session_id: UUID | None = None,
    grant_id: UUID | None = None,
    **details: Any,
) -> None:
    """Write an event down in this transaction."""
    row = _row(event, user_id, client_id, session_id, grant_id, details)
    _log(row)
    session.execute(_INSERT, row)


class Trail:
    """Events of this worker that wait to be written."""

    def __init__(self, database: Database, settings: AuditSettings) -> None:
        self._database = database
        self._left_out = frozenset() if settings.tokens else frozenset({Event.TOKENS_ISSUED, Event.TOKENS_REFUSED})
        self._waiting: deque[dict[str, Any]] = deque()
        self._of_strangers = 0

    def note(
        self,
        event: Event,
        *,
        user_id: UUID | None = None,
        client_id: str | None = None,
        session_id: UUID | None = None,
        grant_id: UUID | None = None,
        **details: Any,
    ) -> None:
        """Write an event down a moment later; when too many wait, the oldest is lost and counted."""
        row = _row(event, user_id, client_id, session_id, grant_id, details)
        _log(row)
        if event in self._left_out or self._is_flood(event):
            return
        if len(self._waiting) >= _WAITING_AT_MOST:
            self._waiting.popleft()
            metrics.audit_lost.inc()
        self._waiting.append(row)

    async def write(self) -> None:
        """Write down what waits."""
        self._of_strangers = 0
        await self._database.run(self._write)

    def _is_flood(self, event: Event) -> bool:
        """Whether strangers, whom nothing else holds back, have made enough rows since the last were written."""
        if event not in _BY_STRANGERS:
            return False
        self._of_strangers += 1
        return self._of_strangers > _OF_STRANGERS_AT_MOST

    def _write(self) -> None:
        while self._waiting:
            rows = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                with self._database.autocommit() as connection:
                    insert_missing(connection, AuditEvent, rows)
            except (Unavailable, asyncio.CancelledError):
                self._waiting.extendleft(reversed(rows))
                raise
            except Exception:
                # Not to be written at all: trying again would hold up all that come after.
                metrics.audit_lost.inc(len(rows))
                raise


def remove_old(database: Database, kept_for: timedelta) -> int:
    """Forget, in small batches, what is older than operators want to keep; how many events."""
    return remove_in_batches(database, AuditEvent.id, AuditEvent.at < clock.now() - kept_for)


def forget_addresses(database: Database, kept_for: timedelta) -> int:
    """Forget, in small batches, where from older events were caused; of how many events."""
    known = (AuditEvent.at < clock.now() - kept_for, AuditEvent.address.is_not(None))
    doomed = select(AuditEvent.id, AuditEvent.details).where(*known).limit(_AT_ONCE)
    forgotten = 0
    while True:
        with database.transaction() as session:
            batch = session.execute(doomed).all()
            ids = [row.id for row in batch]
            session.execute(update(AuditEvent).where(AuditEvent.id.in_(ids)).values(address=None))
            for row in batch:
                if DEVICE_ADDRESS in (row.details or {}):
                    details = {name: value for name, value in row.details.items() if name != DEVICE_ADDRESS}
                    session.execute(update(AuditEvent).where(AuditEvent.id == row.id).values(details=details or None))
        forgotten += len(batch)
        if len(batch) < _AT_ONCE:
            return forgotten


def _row(
    event: Event,
    user_id: UUID | None,
    client_id: str | None,
    session_id: UUID | None,
    grant_id: UUID | None,
    details: dict[str, Any],
) -> dict[str, Any]:
    context = get_contextvars()
    return {
        "id": new_id(),
        "at": clock.now(),
        "event": str(event),
        "user_id": user_id,
        "client_id": client_id,
        "session_id": session_id,
        "grant_id": grant_id,
        "address": context.get("caller"),
        "request_id": context.get("request_id"),
        "details": details or None,
    }


def _log(row: dict[str, Any]) -> None:
    named = {
        name: str(row[name]) for name in ("user_id", "client_id", "session_id", "grant_id") if row[name] is not None
    }
    log.info("audit", audit_event=row["event"], **named, **(row["details"] or {}))
