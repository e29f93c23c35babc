"""The clock: everybody asks it, so that a test can hold it."""

from datetime import UTC, datetime, timedelta
from time import time

import pytest

from oidc_server.foundation import clock
from oidc_server.foundation.clock import HeldClock


def test_the_present_is_aware_and_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert abs(clock.timestamp() - time()) < 2


def test_a_held_clock_stands_still_until_it_is_moved(held_clock: HeldClock) -> None:
    before = clock.now()
    assert clock.now() == before

    held_clock.move(timedelta(days=1))

    assert clock.now() == before + timedelta(days=1)


def test_seconds_are_whole_and_never_ahead() -> None:
    with clock.hold(datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC)):
        assert clock.timestamp() == int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


def test_clocks_held_inside_one_another_are_let_go_one_by_one() -> None:
    outer, inner = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    with clock.hold(outer):
        with pytest.raises(ZeroDivisionError):
            _fail_at(inner)
        assert clock.now() == outer
    assert clock.now() not in {outer, inner}


def _fail_at(moment: datetime) -> None:
    with clock.hold(moment):
        assert clock.now() == moment
        raise ZeroDivisionError
