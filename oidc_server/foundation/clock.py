"""The time. Everybody asks here, so that a test can hold it and move it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class HeldClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def move(self, by: timedelta) -> None:
        """Let this much time pass."""
        self.at += by


_held: HeldClock | None = None


def now() -> datetime:
    """The present, an aware UTC datetime."""
    return _held.at if _held else datetime.now(UTC)


def timestamp() -> int:
    """The present in whole seconds since 1970, as JWTs count (RFC 7519 §2, NumericDate)."""
    return int(_held.at.timestamp() if _held else time.time())


@contextmanager
def hold(at: datetime | None = None) -> Iterator[HeldClock]:
    """Hold the clock, at the present unless told otherwise, for a test."""
    global _held
    before = _held
    _held = HeldClock(at or now())
    try:
        yield _held
    finally:
        _held = before
