"""Identifiers: ordered where indexes want it, and impossible to guess where it matters."""

from datetime import timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation import clock
from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.identifiers import new_id, new_reference, new_secret


@given(moments=st.lists(st.datetimes(timezones=st.just(__import__("datetime").UTC)), min_size=2, max_size=5))
def test_ids_are_ordered_by_the_time_they_were_made(moments: list) -> None:  # type: ignore[type-arg]
    made = []
    for at in sorted(one for one in moments if one.year >= 1970):
        with clock.hold(at):
            made.append((int(at.timestamp() * 1000), new_id()))

    assert [one for one, _ in made] == [found.int >> 80 for _, found in made]


def test_an_id_is_a_uuid_of_version_7(held_clock: HeldClock) -> None:
    for _ in range(100):
        made = new_id()
        assert (made.version, made.variant) == (7, RFC_4122)  # RFC 9562 §5.7
        assert made.int >> 80 == int(held_clock.at.timestamp() * 1000)


def test_no_two_ids_are_the_same_in_one_moment(held_clock: HeldClock) -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_a_later_id_is_greater(held_clock: HeldClock) -> None:
    first: UUID = new_id()
    held_clock.move(timedelta(milliseconds=1))

    assert new_id() > first


def test_a_secret_has_256_bits_and_fits_into_a_url() -> None:
    made = {new_secret() for _ in range(1000)}

    assert len(made) == 1000
    assert all(len(one) == 43 and one.replace("-", "").replace("_", "").isalnum() for one in made)


def test_a_reference_can_be_read_aloud() -> None:
    for _ in range(200):
        assert not set(new_reference()) & set("01IOl")
        assert len(new_reference()) == 10
