"""Jobs: what a worker does by itself, over and over, while it serves."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from oidc_server.foundation.errors import Unavailable

_FINISHES_WITHIN_SECONDS = 2

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Job:
    """Work that is done again and again; it must not mind if every worker does it."""

    name: str
    every: timedelta
    work: Callable[[], Awaitable[object]]
    bell: asyncio.Event | None = None
    """When this is set, it is done at once."""


class Jobs:
    """The jobs of one worker; a failing one is logged and tried again at its next turn."""

    def __init__(self, jobs: list[Job]) -> None:
        self._jobs = jobs
        self._tasks: list[asyncio.Task[None]] = []
        self._working: set[str] = set()
        self._is_stopping = False

    def start(self) -> None:
        """Start every job."""
        self._tasks = [asyncio.create_task(self._repeat(job), name=job.name) for job in self._jobs]

    async def stop(self) -> None:
        """Let each job finish what it is at, for a moment: a statement that is cut off takes its connection with it."""
        self._is_stopping = True
        for task in self._tasks:
            if task.get_name() not in self._working:
                task.cancel()
        await asyncio.wait(self._tasks, timeout=_FINISHES_WITHIN_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _repeat(self, job: Job) -> None:
        while not self._is_stopping:
            await _pause(job)
            self._working.add(job.name)
            await _do(job)
            self._working.remove(job.name)


async def _do(job: Job) -> None:
    try:
        await job.work()
    except Unavailable as error:
        log.debug("job_postponed", job=job.name, because=error.because)
    except Exception:
        log.exception("job_failed", job=job.name)


async def _pause(job: Job) -> None:
    # A little early or late, so that workers that started together don't all come at once.
    seconds = job.every.total_seconds() * random.uniform(0.8, 1.0)  # noqa: S311 - no secret
    if job.bell is None:
        await asyncio.sleep(seconds)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await job.bell.wait()
    job.bell.clear()
