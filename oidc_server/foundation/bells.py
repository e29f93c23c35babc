"""Bells: whoever waits in this worker for what transactions write hears of it once they are committed."""

from collections.abc import Callable

from sqlalchemy.orm import Session

_KEY = "bells"


def ring_after_commit(session: Session, bell: str) -> None:
    """Ring a bell when this transaction is committed, and not if it is undone."""
    session.info.setdefault(_KEY, set()).add(bell)


class Bells:
    """Who listens to which bell."""

    def __init__(self) -> None:
        self._listeners: dict[str, Callable[[], None]] = {}

    def listen(self, bell: str, listener: Callable[[], None]) -> None:
        """Call this whenever the bell rings."""
        self._listeners[bell] = listener

    def ring(self, session: Session) -> None:
        """Ring what was asked for in this transaction, which is committed."""
        for bell in session.info.pop(_KEY, ()):
            if listener := self._listeners.get(bell):
                listener()
