"""Uses: which clients that registered themselves are in use, noted in memory and written once a day for each."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import or_, update

from oidc_server.clients.models import ClientRow
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database

WRITE_EVERY = timedelta(minutes=1)
_AT_ONCE = 500


class Uses:
    """The clients that this worker has seen at work."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: set[str] = set()
        self._written: set[str] = set()
        self._day = date.min

    def note(self, client_id: str) -> None:
        """A client is in use; costs a hot request nothing."""
        if client_id not in self._written:
            self._waiting.add(client_id)

    def write(self) -> None:
        """Write down what waits; call it inside `Database.run`."""
        now = clock.now()
        if now.date() != self._day:
            self._day = now.date()
            self._written.clear()
        midnight = datetime.combine(now.date(), time(), UTC)
        while batch := sorted(self._waiting)[:_AT_ONCE]:
            is_due = or_(ClientRow.last_used_at.is_(None), ClientRow.last_used_at < midnight)
            used = update(ClientRow).where(ClientRow.client_id.in_(batch), is_due).values(last_used_at=now)
            with self._database.autocommit() as connection:
                connection.execute(used)
            self._waiting.difference_update(batch)
            self._written.update(batch)
