"""The wire: HTTP/1.1 over kept connections, with as little around it as possible: the client must not starve the server."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

HOST = "127.0.0.1"

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"


class Unexpected(Exception):
    """The server answered otherwise than a successful operation does."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.head[9:12])

    def headers(self, name: str) -> list[str]:
        """Every value of a header."""
        lines = (line.partition(": ") for line in self.head.decode("latin-1").split("\r\n")[1:])
        return [value for found, _, value in lines if found.lower() == name]

    def json(self) -> dict[str, Any]:
        """The body, read as a JSON object."""
        read: dict[str, Any] = json.loads(self.body)
        return read

    def expect(self, status: int) -> "Answer":
        """Itself; Unexpected with another status."""
        if self.status != status:
            raise Unexpected(f"received {self.status}, expected {status}: {self.body[:300].decode(errors='replace')}")
        return self


class Connection(asyncio.Protocol):
    """One kept connection, on which one request is under way at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Unexpected(f"the server closed the connection: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Read on until the answer is complete."""
        self._received += data
        body_at = self._received.find(_END_OF_HEAD) + len(_END_OF_HEAD)
        if body_at < len(_END_OF_HEAD) or self._answer is None:
            return
        length = _LENGTH.search(self._received, 0, body_at)
        if length is not None and len(self._received) - body_at >= int(length[1]):
            answer = Answer(self._received[: body_at - len(_END_OF_HEAD)], self._received[body_at:])
            self._received = b""
            self._answer.set_result(answer)

    async def send(self, request: bytes) -> Answer:
        """Send a request and wait for its answer."""
        assert self._transport is not None
        if self._transport.is_closing():
            raise Unexpected("the server closed the connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def connected(port: int, many: int) -> AsyncIterator[list[Connection]]:
    """Connections to the server on this port."""
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Connection, HOST, port))[1] for _ in range(many)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()


def get(path: str, **headers: str) -> bytes:
    """A GET request."""
    return _request("GET", path, headers, b"")


def post(path: str, form: Mapping[str, str], **headers: str) -> bytes:
    """A POST request with a form."""
    return _request("POST", path, {"Content-Type": "application/x-www-form-urlencoded", **headers}, _body(form))


def _body(form: Mapping[str, str]) -> bytes:
    return urlencode(form).encode()


def _request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", "Accept: */*", "User-Agent: bench"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + _END_OF_HEAD + body
