"""Load: does an operation many times, on several connections at once, and notes how long each took and what went wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

from tests.bench import parties, wire
from tests.bench.operations import Deed, Operation, Worker
from tests.bench.visitor import Visitor
from tests.bench.wire import Unexpected

_AT_MOST_SECONDS = 600


@dataclass
class Load:
    """What a load brought."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Operations a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, percent: int) -> float:
        """A latency in milliseconds that this part of the operations did not exceed."""
        ordered = sorted(self.latencies) or [0.0]
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000


class People:
    """The people behind the connections, who stay signed in from one operation to the next."""

    def __init__(self) -> None:
        names = [parties.username(number) for number in range(parties.MANY_PEOPLE)]
        self._visitors = [(name, Visitor(name)) for name in names]

    @asynccontextmanager
    async def working(self, port: int, many: int) -> AsyncIterator[list[Worker]]:
        """Some of them, connected."""
        async with wire.connected(port, many) as connections:
            yield [Worker(connection, *person) for connection, person in zip(connections, self._visitors, strict=False)]


async def prepare(operation: Operation, workers: list[Worker], times: int) -> list[Deed]:
    """Make everything ready for so many operations on each connection."""
    async with asyncio.timeout(_AT_MOST_SECONDS):
        return await asyncio.gather(*(operation.prepare(worker, times) for worker in workers))


async def perform(deeds: list[Deed], times: int) -> Load:
    """Do each deed so many times, one after the other, all connections at once."""
    load = Load()
    started_at = perf_counter()
    async with asyncio.timeout(_AT_MOST_SECONDS):
        await asyncio.gather(*(_repeat(deed, times, load) for deed in deeds))
    load.seconds = perf_counter() - started_at
    return load


async def _repeat(deed: Deed, times: int, load: Load) -> None:
    for _ in range(times):
        started_at = perf_counter()
        try:
            await deed()
        except (Unexpected, AssertionError, KeyError, ValueError) as error:
            load.failures.append(f"{type(error).__name__}: {error}")
        else:
            load.latencies.append(perf_counter() - started_at)
