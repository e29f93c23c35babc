"""`make bench`: measures and reports; fails only when an answer was wrong, never because something was slow."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from tests import postgres
from tests.bench import operations, processes, round_trips
from tests.bench.installation import Installation, Server
from tests.bench.measuring import Bench
from tests.bench.operations import Operation
from tests.bench.report import Report
from tests.bench.yardstick import Yardstick
from tests.postgres import Postgres

_STARTS = 3
_IDLE_AFTER_SECONDS = 2


class Run:
    """One run of the benchmark."""

    def __init__(self, options: argparse.Namespace, folder: Path, database: Postgres) -> None:
        self._port: int = options.port
        self._requests: int = options.requests
        self._folder = folder
        self._database = database
        self._postmaster = int((folder / "pg" / "postmaster.pid").read_text().split()[0])
        self._yardstick = Yardstick()
        self.report = Report(self._yardstick.batches)

    def production(self, chosen: Sequence[Operation]) -> None:
        """What a server in production does, its start and its memory."""
        installation = self._installation(development=False)
        for _ in range(_STARTS - 1):
            with installation.serving(self._port) as server:
                self.report.starts.append(server.started_in)
        with installation.serving(self._port) as server:
            self.report.starts.append(server.started_in)
            time.sleep(_IDLE_AFTER_SECONDS)
            self.report.idle = processes.memory(server.process.pid)
            self._measure(server, chosen)
            self.report.loaded = processes.memory(server.process.pid)
        self._count(installation, chosen)

    def development(self, chosen: Sequence[Operation]) -> None:
        """What needs cheap password hashes."""
        installation = self._installation(development=True)
        with installation.serving(self._port) as server:
            self._measure(server, chosen)
        self._count(installation, chosen)

    def _installation(self, *, development: bool) -> Installation:
        name = "development" if development else "production"
        installation = Installation(self._database, self._folder / name, development=development)
        installation.furnish()
        return installation

    def _measure(self, server: Server, chosen: Sequence[Operation]) -> None:
        bench = Bench(server, self._postmaster)

        async def measure() -> None:
            for operation in chosen:
                self._yardstick.measure()
                _say(operation.name)
                self.report.measured.append(await bench.measure(operation, self._requests))
            self._yardstick.measure()

        uvloop.run(measure())

    def _count(self, installation: Installation, chosen: Sequence[Operation]) -> None:
        """Round trips, on a server of their own: counting them costs time."""

        async def count() -> None:
            async with round_trips.counting(installation.socket_folder, self._folder) as relay:
                serving = installation.serving(self._port, self._folder)
                server = await asyncio.to_thread(serving.__enter__)
                try:
                    bench = Bench(server, self._postmaster)
                    for measured in self.report.measured:
                        if measured.operation in chosen:
                            _say(f"{measured.operation.name}: round trips")
                            measured.round_trips = await bench.count(measured.operation, relay)
                finally:
                    await asyncio.to_thread(serving.__exit__, None, None, None)

        uvloop.run(count())


def main() -> int:
    """Measure what was asked for; the exit status."""
    options = _options()
    chosen = [one for one in operations.ALL if one.name in options.only]
    with tempfile.TemporaryDirectory(prefix="oidc-bench-") as name:
        folder = Path(name)
        # The database may belong to another user, who must be able to come in.
        folder.chmod(0o755)
        with postgres.started(folder / "pg") as database:
            run = Run(options, folder, database)
            if production := [one for one in chosen if not one.needs_cheap_passwords]:
                run.production(production)
            if development := [one for one in chosen if one.needs_cheap_passwords]:
                run.development(development)
    sys.stdout.write(run.report.text() + "\n")
    if options.json:
        options.json.write_text(json.dumps(run.report.document(), indent=2) + "\n")
    return 1 if run.report.failures else 0


def _options() -> argparse.Namespace:
    names = [one.name for one in operations.ALL]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--requests", type=int, default=2400, help="how often; cheap ones are done more often (%(default)s)"
    )
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--port", type=int, default=8220, help="where the server listens (%(default)s)")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
