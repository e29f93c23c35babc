"""Measuring: one operation after the other, with the CPU that the server and the database spend on it."""

import asyncio
import os
import time
from dataclasses import astuple, dataclass

from tests.bench import load, processes
from tests.bench.installation import Server
from tests.bench.load import Load, People
from tests.bench.operations import Operation
from tests.bench.round_trips import Relay

CONCURRENCY = 8

_WARM_UP = 25
_COUNTED = 100
#: Audit events are written once a second, in batches: they belong to what is measured.
_SETTLES_IN_SECONDS = 1.3


@dataclass
class Measured:
    """What one operation cost."""

    operation: Operation
    server_cpu: float
    """Seconds of CPU for one operation."""
    database_cpu: float
    busy: Load
    """At `CONCURRENCY` connections."""
    alone: Load
    """On one connection, with nobody else there."""
    disturbance: float
    """The part of the machine's CPU time that went to others meanwhile; they slow caches and all down."""
    round_trips: float | None = None

    @property
    def failures(self) -> list[str]:
        """What went wrong."""
        return self.busy.failures + self.alone.failures


@dataclass(frozen=True)
class Used:
    """Seconds of CPU that everybody has used at one moment, or between two."""

    server: float
    database: float
    ourselves: float
    machine: float
    at: float

    def __sub__(self, earlier: "Used") -> "Used":
        return Used(*(now - before for now, before in zip(astuple(self), astuple(earlier), strict=True)))

    @property
    def disturbance(self) -> float:
        """The part of the machine that others used."""
        others = self.machine - self.server - self.database - self.ourselves
        return max(0.0, others / (self.at * (os.cpu_count() or 1)))


class Bench:
    """A server under measurement, its database, and the people who use it."""

    def __init__(self, server: Server, postmaster: int) -> None:
        self._server = server
        self._postmaster = postmaster
        self._people = People()

    async def measure(self, operation: Operation, requests: int) -> Measured:
        """Do it many times at once, then some on one connection."""
        times = max(1, int(requests * operation.share) // CONCURRENCY)
        busy, used = await self._busy(operation, times)
        alone = await self._alone(operation, max(1, times * CONCURRENCY // 5))
        done = max(1, len(busy.latencies))
        return Measured(operation, used.server / done, used.database / done, busy, alone, used.disturbance)

    async def count(self, operation: Operation, relay: Relay) -> float:
        """Round trips to the database for one operation."""
        async with self._people.working(self._server.port, 1) as workers:
            deeds = await load.prepare(operation, workers, _WARM_UP + _COUNTED)
            await load.perform(deeds, _WARM_UP)
            before = relay.counted
            done = await load.perform(deeds, _COUNTED)
            return (relay.counted - before) / max(1, len(done.latencies))

    async def _busy(self, operation: Operation, times: int) -> tuple[Load, Used]:
        async with self._people.working(self._server.port, CONCURRENCY) as workers:
            deeds = await load.prepare(operation, workers, _WARM_UP + times)
            warm_up = await load.perform(deeds, _WARM_UP)
            await asyncio.sleep(_SETTLES_IN_SECONDS)
            before = self._used()
            done = await load.perform(deeds, times)
            await asyncio.sleep(_SETTLES_IN_SECONDS)
            done.failures += warm_up.failures
            return done, self._used() - before

    async def _alone(self, operation: Operation, times: int) -> Load:
        async with self._people.working(self._server.port, 1) as workers:
            deeds = await load.prepare(operation, workers, _WARM_UP + times)
            await load.perform(deeds, _WARM_UP)
            return await load.perform(deeds, times)

    def _used(self) -> Used:
        return Used(
            server=processes.cpu(self._server.process.pid),
            database=processes.cpu(self._postmaster),
            ourselves=time.process_time(),
            machine=processes.machine(),
            at=time.monotonic(),
        )
