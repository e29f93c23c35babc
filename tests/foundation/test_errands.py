"""Errands: so much at once and no more."""

import asyncio

from oidc_server.foundation.errands import Errands


async def test_there_is_room_again_when_one_has_ended() -> None:
    errands, gate = Errands(2, failed=lambda error: None), asyncio.Event()
    for _ in range(2):
        errands.set_out(_wait(gate))
    full = errands.room

    gate.set()
    await errands.finish()
    await errands.bell.wait()

    assert [full, errands.room] == [0, 2]


async def test_there_is_no_less_than_no_room() -> None:
    errands, gate = Errands(1, failed=lambda error: None), asyncio.Event()
    for _ in range(2):  # two looked at once, and both saw room
        errands.set_out(_wait(gate))

    assert errands.room == 0
    gate.set()
    await errands.finish()


async def test_where_there_was_room_nobody_is_woken() -> None:
    errands, gate = Errands(2, failed=lambda error: None), asyncio.Event()
    errands.set_out(_wait(gate))

    gate.set()
    await errands.finish()
    await asyncio.sleep(0)

    assert not errands.bell.is_set()


async def test_one_that_fails_is_told_and_stops_no_other() -> None:
    told: list[BaseException] = []
    errands, gate = Errands(2, failed=told.append), asyncio.Event()
    errands.set_out(_fail())
    errands.set_out(_wait(gate))
    gate.set()

    await errands.finish()
    await asyncio.sleep(0)

    assert [str(error) for error in told] == ["a fault"]
    assert errands.room == 2


async def _wait(gate: asyncio.Event) -> None:
    await gate.wait()


async def _fail() -> None:
    raise RuntimeError("a fault")
