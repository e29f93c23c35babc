"""Refresh tokens: a grant's id, a counter and a MAC, and the statement that rotates them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.sealing import Sealing
from oidc_server.house import House
from oidc_server.tokens import code as codes
from oidc_server.tokens import grants, refresh_token
from oidc_server.tokens.grants import Authentication, Granted, Request
from oidc_server.tokens.refresh_token import RefreshToken, Replayed
from tests.oauth import deeds

SEALING = Sealing({1: b"m" * 32})
IDLE, RETRY = timedelta(days=30), timedelta(seconds=10)
COUNTERS = st.integers(0, 2**32 - 1)


@given(grant_id=st.uuids(), counter=COUNTERS)
def test_it_says_its_grant_and_counter(grant_id: UUID, counter: int) -> None:
    assert refresh_token.read(SEALING, refresh_token.mint(SEALING, grant_id, counter)) == RefreshToken(
        grant_id, counter
    )


@given(grant_id=st.uuids(), counter=COUNTERS, position=st.integers(0, 70), other=st.sampled_from("Aa0-_.=\u00e9"))
def test_one_changed_character_makes_it_junk(grant_id: UUID, counter: int, position: int, other: str) -> None:
    text = refresh_token.mint(SEALING, grant_id, counter)
    changed = text[:position] + other + text[position + 1 :]

    assert (refresh_token.read(SEALING, changed) is None) == (changed != text)


@given(junk=st.text())
def test_junk_says_nothing(junk: str) -> None:
    assert refresh_token.read(SEALING, junk) is None


def test_a_code_is_no_refresh_token() -> None:
    assert refresh_token.read(SEALING, codes.mint(SEALING, uuid4())) is None


@pytest.fixture
async def grant(house: House, held_clock: HeldClock) -> Granted:
    """A grant that Alice gave the shop."""
    alice = await deeds.user_id(house, "alice")
    asked = Request("shop", frozenset({"openid", "offline_access"}), with_refresh_token=True)

    def make() -> Granted | None:
        with house.database.autocommit() as connection:
            proof = Authentication(held_clock.at, "1", ("pwd",))
            return grants.make(connection, house.settings.lifetime, alice, asked, proof)

    made = await house.database.run(make)
    assert made is not None
    return made


async def rotate(house: House, grant: Granted, counter: int) -> Granted | None:
    """Rotate as the grant does: what was read a moment ago may be out of date by then."""

    def run() -> Granted | None:
        with house.database.autocommit() as connection:
            known = grants.read(connection, grant.id)
            assert known is not None
            return refresh_token.rotate(connection, known, RefreshToken(grant.id, counter), idle=IDLE, retry=RETRY)

    return await house.database.run(run)


async def test_rotating_counts_up(house: House, grant: Granted) -> None:
    rotated = [await rotate(house, grant, counter) for counter in range(3)]

    assert [one.refresh_counter for one in rotated if one] == [1, 2, 3]


async def test_rotating_gives_the_grant_as_it_was(house: House, grant: Granted, held_clock: HeldClock) -> None:
    rotated = await rotate(house, grant, 0)

    assert rotated is not None
    assert (rotated.id, rotated.scopes, rotated.amr) == (grant.id, ("offline_access", "openid"), ("pwd",))
    assert rotated.authenticated_at == grant.authenticated_at
    assert rotated.refresh_rotated_at == held_clock.at


async def test_a_counter_from_the_future_is_refused_and_ends_nothing(house: House, grant: Granted) -> None:
    assert await rotate(house, grant, 1) is None  # nobody but us could have made it; be calm about it
    assert await rotate(house, grant, 0) is not None


async def test_what_was_read_before_somebody_was_faster_rotates_nothing(house: House, grant: Granted) -> None:
    token = RefreshToken(grant.id, 0)

    def twice() -> list[Granted | None]:
        with house.database.autocommit() as connection:
            return [refresh_token.rotate(connection, grant, token, idle=IDLE, retry=RETRY) for _ in range(2)]

    first, second = await house.database.run(twice)

    assert first is not None
    assert second is not None
    assert first.refresh_counter == second.refresh_counter == 1


async def test_an_old_counter_is_a_replay_and_it_is_told_once(house: House, grant: Granted) -> None:
    await rotate(house, grant, 0)
    await rotate(house, grant, 1)

    with pytest.raises(Replayed) as replayed:
        await rotate(house, grant, 0)

    assert replayed.value.grant.id == grant.id
    assert await rotate(house, grant, 0) is None
    assert await rotate(house, grant, 2) is None
