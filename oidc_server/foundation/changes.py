"""Changes: how every node notices that a row it keeps in memory is out of date.

Whoever changes such a row also moves the one-row counter, in the same transaction. Every node reads the counter twice a
second and drops what it keeps when it has moved. What is kept is trusted only while the counter was read within
the last second: a node that is cut off from the database asks rather than trusts.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Generic, TypeVar

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from oidc_server.foundation.database import Base, Database

READ_EVERY_SECONDS = 0.5
_TRUSTED_FOR_SECONDS = 1.0
_LOOKED_JUST_NOW_SECONDS = 0.1
_THE_ROW = 1

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ChangeCounter(Base):
    """One row that moves whenever something that nodes keep in memory has changed."""

    __tablename__ = "change_counter"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counter: Mapped[int] = mapped_column(default=0)

    def __str__(self) -> str:
        return f"change {self.counter}"


_READ = select(ChangeCounter.counter).where(ChangeCounter.id == _THE_ROW)


def announce(session: Session) -> None:
    """Tell every node, when this transaction commits, to forget what it keeps."""
    session.execute(update(ChangeCounter).where(ChangeCounter.id == _THE_ROW).values(counter=ChangeCounter.counter + 1))


class Changes:
    """The counter as this node last saw it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read_at = float("-inf")
        self._listeners: list[Callable[[], None]] = []
        self.counter = -1

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call this whenever something has changed."""
        self._listeners.append(listener)

    def look(self) -> None:
        """Read the counter now."""
        with self._database.autocommit() as connection:
            self._read(connection)

    def trust(self) -> None:
        """Return at once if the counter was read within the last second, else read it; Unavailable if that fails."""
        if monotonic() - self._read_at > _TRUSTED_FOR_SECONDS:
            self.look()

    def look_again(self) -> bool:
        """Read the counter now unless that was done a moment ago, for whoever misses something; whether it was read."""
        if monotonic() - self._read_at < _LOOKED_JUST_NOW_SECONDS:
            return False
        self.look()
        return True

    def _read(self, connection: Connection) -> None:
        started_at = monotonic()
        counter = connection.execute(_READ).scalar_one_or_none()
        if counter is not None and counter != self.counter:
            self.counter = counter
            for listener in self._listeners:
                listener()
        self._read_at = started_at


class Kept(Generic[K, V]):
    """Values kept in memory until something changes; the least recently used goes when there are too many."""

    def __init__(self, changes: Changes, limit: int = 10_000) -> None:
        self._changes = changes
        self._limit = limit
        self._values: OrderedDict[K, V] = OrderedDict()
        changes.on_change(self._values.clear)

    def get(self, key: K, load: Callable[[], V], *, even_while_cut_off: bool = False) -> V:
        """The kept value, or what `load` finds; call it inside `Database.run`.

        What may be a little old, rather than asked for in vain, is taken `even_while_cut_off` from the database.
        """
        if not (even_while_cut_off and key in self._values):
            self._changes.trust()
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        seen = self._changes.counter
        value = load()
        if seen == self._changes.counter:
            # Had it moved while we were loading, the value could be from before the change.
            self._values[key] = value
            if len(self._values) > self._limit:
                self._values.popitem(last=False)
        return value
