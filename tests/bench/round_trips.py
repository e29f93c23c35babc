"""Round trips: how often the server waits for the database, counted on the wire between them.

A relay passes every byte on and counts PostgreSQL's ReadyForQuery messages: one ends each round trip, whatever the driver and
whatever was asked (statements, BEGIN, COMMIT, preparing).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

SOCKET = ".s.PGSQL.5432"

_READY = ord("Z")
_TYPE_AND_LENGTH = 5


class Relay:
    """Stands between the server and its database."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self.counted = 0

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        to_reader, to_writer = await asyncio.open_unix_connection(str(self._database))
        try:
            await asyncio.gather(self._ask(reader, to_writer), self._answer(to_reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            to_writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readexactly(_TYPE_AND_LENGTH)
            writer.write(head + await reader.readexactly(int.from_bytes(head[1:]) - 4))
            self.counted += head[0] == _READY


@asynccontextmanager
async def counting(database: Path, folder: Path) -> AsyncIterator[Relay]:
    """A relay to the database whose socket is in `database`; its own socket is in `folder`."""
    relay = Relay(database / SOCKET)
    server = await asyncio.start_unix_server(relay.pass_on, str(folder / SOCKET))
    try:
        yield relay
    finally:
        server.close()
