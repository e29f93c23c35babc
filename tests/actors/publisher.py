"""A publisher: a real server on loopback where a client publishes documents, and counts who reads them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Publisher:
    """What is published, by path."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.read: list[str] = []
        self.port = 0

    def url(self, path: str) -> str:
        """Where a document is."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            self.read.append(path)
            body = self.documents.get(path)
            status = "404 Not Found" if body is None else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body or b'')}\r\n\r\n".encode() + (body or b""))
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def publishing() -> AsyncIterator[Publisher]:
    """One that runs."""
    publisher = Publisher()
    server = await asyncio.start_server(publisher._serve, "127.0.0.1", 0)
    publisher.port = server.sockets[0].getsockname()[1]
    try:
        yield publisher
    finally:
        server.close()
