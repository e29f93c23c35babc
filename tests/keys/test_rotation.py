"""Rotation: by the timetable, by an operator, by ten nodes at once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.keys import rotation
from oidc_server.keys.models import SigningKey
from tests.oauth import deeds

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
EVERY = 90 * DAY


async def keys(house: House) -> list[SigningKey]:
    """Every key, oldest first."""
    found = await deeds.in_transaction(house, lambda session: list(session.scalars(select(SigningKey))))
    return sorted(found, key=lambda key: key.signs_from)


async def states(house: House) -> list[str]:
    found = await keys(house)
    return [rotation.state(key, found) for key in found]


async def turn(house: House) -> None:
    await house.database.run(house.rotation.turn)


async def rotate(house: House, *, at_once: bool = False) -> str:
    return await house.database.run(lambda: house.rotation.rotate(at_once=at_once))


async def test_a_young_key_is_left_alone(house: House, held_clock: HeldClock) -> None:
    held_clock.at = (await keys(house))[0].signs_from + EVERY - HOUR - timedelta(seconds=1)
    await turn(house)

    assert await states(house) == ["signs"]


async def test_the_next_key_is_announced_before_the_old_one_is_due(house: House, held_clock: HeldClock) -> None:
    held_clock.move(EVERY)
    await turn(house)
    first, second = await keys(house)

    assert await states(house) == ["signs", "announced"]
    assert second.announced_at == held_clock.at
    assert second.signs_from == held_clock.at + HOUR
    assert first.verifies_until == second.signs_from + 10 * MINUTE + HOUR
    assert second.succeeds == first.kid


async def test_turning_again_changes_nothing(house: House, held_clock: HeldClock) -> None:
    held_clock.move(EVERY)
    for _ in range(3):
        await turn(house)

    assert await states(house) == ["signs", "announced"]


async def test_over_the_years_there_is_always_one_that_signs_and_old_ones_are_removed(
    house: House, held_clock: HeldClock
) -> None:
    for _ in range(3):
        for step in (EVERY - HOUR, HOUR, 10 * MINUTE, HOUR, MINUTE):
            held_clock.move(step)
            await turn(house)
            assert (await states(house)).count("signs") == 1

    assert await states(house) == ["removed"] * 3 + ["signs"]


async def test_a_removed_key_s_private_part_is_gone(house: House, held_clock: HeldClock) -> None:
    await rotate(house, at_once=True)
    held_clock.move(2 * HOUR)
    await turn(house)
    old, new = await keys(house)

    assert old.removed_at == held_clock.at
    assert old.sealed_private_key is None
    assert new.sealed_private_key is not None
    assert old.public_jwk["kid"] == old.kid


async def test_an_operator_s_rotation_is_announced_first(house: House, held_clock: HeldClock) -> None:
    kid = await rotate(house)

    assert (await keys(house))[-1].kid == kid
    assert await states(house) == ["signs", "announced"]


async def test_a_second_rotation_waits_for_the_one_that_is_announced(house: House, held_clock: HeldClock) -> None:
    assert await rotate(house) == await rotate(house)
    assert len(await keys(house)) == 2


async def test_at_once_means_at_once(house: House, held_clock: HeldClock) -> None:
    kid = await rotate(house, at_once=True)

    assert await states(house) == ["verifies", "signs"]
    assert (await keys(house))[-1].kid == kid


async def test_at_once_promotes_the_key_that_is_announced(house: House, held_clock: HeldClock) -> None:
    announced = await rotate(house)
    held_clock.move(10 * MINUTE)
    promoted = await rotate(house, at_once=True)

    old, new = await keys(house)
    assert promoted == announced == new.kid
    assert new.signs_from == held_clock.at
    assert old.verifies_until == held_clock.at + 10 * MINUTE + HOUR
    assert await states(house) == ["verifies", "signs"]


async def test_ten_nodes_that_rotate_at_once_make_one_successor(house: House, held_clock: HeldClock) -> None:
    kids = await asyncio.gather(*(rotate(house) for _ in range(10)))

    assert len(set(kids)) == 1
    assert await states(house) == ["signs", "announced"]
    told = [one.details for one in await deeds.events(house) if one.event == "server:key:announced"]
    assert [details["kid"] for details in told if details][1:] == [kids[0]]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_ten_turns_at_once_announce_one_key(house: House, held_clock: HeldClock) -> None:
    held_clock.move(EVERY)
    await asyncio.gather(*(turn(house) for _ in range(10)))

    assert await states(house) == ["signs", "announced"]


async def test_a_server_that_slept_through_its_rotation_still_announces_first(
    house: House, held_clock: HeldClock
) -> None:
    held_clock.move(3 * EVERY)
    await turn(house)

    assert await states(house) == ["signs", "announced"]
    assert (await keys(house))[-1].signs_from == held_clock.at + HOUR


async def test_the_first_key_is_made_once(house: House) -> None:
    assert not await house.database.run(house.rotation.start)
    assert len(await keys(house)) == 1


async def test_every_step_is_told_to_the_audit_trail(house: House, held_clock: HeldClock) -> None:
    first = (await keys(house))[0].kid
    held_clock.move(MINUTE)
    second = await rotate(house)
    held_clock.move(MINUTE)
    await rotate(house, at_once=True)
    held_clock.move(2 * HOUR)
    await turn(house)

    told = [
        (one.event, one.details["kid"]) for one in await deeds.events(house) if one.details and ":key:" in one.event
    ]
    assert told == [
        ("server:key:announced", first),
        ("server:key:announced", second),
        ("server:key:promoted", second),
        ("server:key:removed", first),
    ]
