"""Jobs: done again and again, whatever happens in one of them, until the worker stops."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from oidc_server.foundation.errors import Unavailable
from oidc_server.foundation.jobs import Job, Jobs

SOON = timedelta(milliseconds=2)


async def done(work: Callable[[], Awaitable[object]], times: int, seen: list[str]) -> None:
    """Run a job until it has been done so often."""
    jobs = Jobs([Job("tested", SOON, work)])
    jobs.start()
    await until(lambda: len(seen) >= times)
    await jobs.stop()


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something, but not for ever."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110 - what happens has no event to wait for
            await asyncio.sleep(0.001)


async def test_a_job_is_done_again_and_again() -> None:
    seen: list[str] = []

    async def work() -> None:
        seen.append("done")

    await done(work, 5, seen)


async def test_a_job_that_fails_is_tried_again() -> None:
    seen: list[str] = []

    async def work() -> None:
        seen.append("tried")
        raise (Unavailable("down") if len(seen) % 2 else RuntimeError("bug"))

    await done(work, 4, seen)


async def test_one_that_hangs_holds_up_no_other_and_does_not_hold_up_the_end() -> None:
    seen: list[str] = []

    async def work() -> None:
        seen.append("done")

    async def hang() -> None:
        await asyncio.sleep(3600)

    jobs = Jobs([Job("hangs", SOON, hang), Job("works", SOON, work)])
    jobs.start()
    await until(lambda: len(seen) >= 3)
    async with asyncio.timeout(5):
        await jobs.stop()

    count = len(seen)
    await asyncio.sleep(0.02)
    assert len(seen) == count


async def test_what_a_job_is_at_it_finishes_before_the_end() -> None:
    seen: list[str] = []

    async def work() -> None:
        seen.append("begun")
        await asyncio.sleep(0.1)
        seen.append("done")

    jobs = Jobs([Job("tested", SOON, work), Job("sleeps", timedelta(hours=1), work)])
    jobs.start()
    await until(lambda: seen == ["begun"])
    await jobs.stop()

    assert seen == ["begun", "done"]


async def test_a_bell_wakes_a_job_at_once_and_once() -> None:
    seen: list[str] = []
    bell = asyncio.Event()

    async def work() -> None:
        seen.append("done")

    jobs = Jobs([Job("sleeps", timedelta(hours=1), work, bell)])
    jobs.start()
    await asyncio.sleep(0.01)
    assert seen == []
    bell.set()
    await until(lambda: len(seen) == 1)
    await asyncio.sleep(0.01)

    assert seen == ["done"]
    await jobs.stop()
