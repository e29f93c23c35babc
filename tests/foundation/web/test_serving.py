"""Serving: nobody holds a connection with a request's head that never ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from oidc_server.foundation.web.serving import MAX_HEAD_BYTES, MAX_WAITING, DeadlineProtocol

DEADLINE_SECONDS = 0.3
REQUEST = b"GET / HTTP/1.1\r\nHost: id.example.com\r\n\r\n"
SLOW_REQUEST = REQUEST.replace(b"/", b"/slow", 1)


class Impatient(DeadlineProtocol):
    """As in production, but with a deadline that a test can wait for."""

    header_deadline_seconds = DEADLINE_SECONDS
    unread_deadline_seconds = DEADLINE_SECONDS


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers everybody, once their body is here; at /slow it takes longer than a head may, at /echo it says the body."""
    said, is_open = b"ok", True
    while is_open:
        message = await receive()
        said, is_open = said + message.get("body", b""), message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(DEADLINE_SECONDS * 2)
    said = said if scope["path"] == "/echo" else b"ok"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


class Caller:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, data: bytes) -> None:
        """Send something, if there is still somebody to hear it."""
        with suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def hear(self) -> bytes:
        """What is said in the next moment; nothing if we were hung up on."""
        with suppress(ConnectionError):
            return await asyncio.wait_for(self._reader.read(65536), 5)
        return b""

    async def is_hung_up_on(self) -> bool:
        """Whether the server closes the connection, having said nothing but a refusal."""
        while said := await self.hear():
            if not said.startswith(b"HTTP/1.1 400"):
                return False
        return True

    async def leave(self) -> None:
        """Hang up."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


Call = Callable[[], Coroutine[Any, Any, Caller]]


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    """Calls a server that is impatient."""
    config = uvicorn.Config(application, port=0, http=Impatient, lifespan="off", log_config=None, ws="none")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    callers: list[Caller] = []

    async def connect() -> Caller:
        callers.append(Caller(*await asyncio.open_connection("127.0.0.1", port)))
        return callers[-1]

    yield connect
    for one in callers:
        await one.leave()
    await server.shutdown()


async def test_who_says_nothing_is_hung_up_on(call: Call) -> None:
    started_at = time.monotonic()

    assert await (await call()).is_hung_up_on()

    assert DEADLINE_SECONDS * 0.9 < time.monotonic() - started_at < 3


async def test_a_head_that_trickles_is_cut_off(call: Call) -> None:
    caller = await call()
    for byte in REQUEST[:-2]:
        await caller.say(bytes([byte]))
        await asyncio.sleep(DEADLINE_SECONDS / 20)

    assert await caller.is_hung_up_on()


async def test_a_second_head_has_the_same_deadline(call: Call) -> None:
    caller = await call()
    await caller.say(REQUEST)
    assert (await caller.hear()).startswith(b"HTTP/1.1 200")

    await caller.say(REQUEST[:-2])

    assert await caller.is_hung_up_on()


async def test_who_waits_between_requests_is_left_alone(call: Call) -> None:
    caller = await call()
    for _ in range(2):
        await caller.say(REQUEST)
        assert (await caller.hear()).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(DEADLINE_SECONDS * 1.5)


async def test_a_body_may_take_longer_than_a_head(call: Call) -> None:
    caller = await call()
    await caller.say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
    for _ in range(3):
        await asyncio.sleep(DEADLINE_SECONDS * 0.6)
        await caller.say(b"x")

    assert (await caller.hear()).startswith(b"HTTP/1.1 200")


async def test_requests_one_behind_the_other_are_all_answered(call: Call) -> None:
    caller = await call()

    await caller.say(REQUEST * 5)

    said = b""
    while said.count(b"HTTP/1.1 200") < 5:
        part = await caller.hear()
        assert part
        said += part


@pytest.mark.parametrize("size", [MAX_HEAD_BYTES, MAX_HEAD_BYTES * 2])
async def test_a_large_body_on_a_connection_that_goes_on_is_no_large_head(call: Call, size: int) -> None:
    caller = await call()
    for _ in range(3):
        await caller.say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)

        assert (await caller.hear()).startswith(b"HTTP/1.1 200")


async def test_an_answer_on_a_connection_that_goes_on_may_take_longer_than_a_head(call: Call) -> None:
    caller = await call()
    for _ in range(2):
        await caller.say(REQUEST.replace(b"/", b"/slow", 1))

        assert (await caller.hear()).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("size", [MAX_HEAD_BYTES + 1, MAX_HEAD_BYTES * 4])
async def test_a_head_without_measure_is_refused(call: Call, size: int) -> None:
    caller = await call()
    await caller.say(REQUEST[:-2] + b"X-Filling: ")

    for _ in range(size // 1024):
        await caller.say(b"x" * 1024)
        await asyncio.sleep(0)
    await caller.say(b"\r\n\r\n")

    assert await caller.is_hung_up_on()


async def test_many_small_headers_are_a_head_without_measure_too(call: Call) -> None:
    caller = await call()
    await caller.say(REQUEST[:-2])
    for number in range(100):
        await caller.say(b"".join(b"X-%d-%d: 1\r\n" % (number, one) for one in range(100)))
        await asyncio.sleep(0)
    await caller.say(b"\r\n")

    assert await caller.is_hung_up_on()


async def test_of_requests_that_nobody_can_answer_so_fast_only_some_are_taken_in(call: Call) -> None:
    caller = await call()

    await caller.say(REQUEST * (MAX_WAITING - 1))
    heard = b""
    while heard.count(b"HTTP/1.1 200") < MAX_WAITING - 1 and (more := await caller.hear()):
        heard += more
    assert heard.count(b"HTTP/1.1 200") == MAX_WAITING - 1

    await caller.say(REQUEST * (MAX_WAITING + 2))
    assert await caller.is_hung_up_on()


async def test_while_requests_wait_nothing_more_is_read(call: Call) -> None:
    caller = await call()
    await caller.say(SLOW_REQUEST * 5)
    await asyncio.sleep(DEADLINE_SECONDS * 3)  # the first is answered, and others wait

    sending = asyncio.create_task(caller.say(b"x" * 20_000_000))
    done, _ = await asyncio.wait([sending], timeout=DEADLINE_SECONDS)

    assert not done
    sending.cancel()


async def test_who_reads_no_answer_is_hung_up_on(call: Call) -> None:
    caller = await call()
    body = b"x" * 20_000_000
    await caller.say(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    await asyncio.sleep(DEADLINE_SECONDS * 3)

    heard = 0
    while more := await caller.hear():
        heard += len(more)
    assert heard < len(body)


OFFER = b"Host: id.example.com\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n2\r\n&c\r\n0\r\n\r\n"


@pytest.mark.parametrize("body", [b"Content-Length: 5\r\n\r\na=b&c", CHUNKED], ids=["length", "chunks"])
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_who_offers_another_protocol_is_answered_in_this_one(call: Call, body: bytes, size: int) -> None:
    """As Java's HTTP client does on connections without TLS: the body is no part of that other protocol. (RFC 9110 §7.8)"""
    caller = await call()

    said = b"POST /echo HTTP/1.1\r\n" + OFFER + body + b"GET /echo HTTP/1.1\r\n" + OFFER + b"\r\n" + REQUEST
    for start in range(0, len(said), size):
        await caller.say(said[start : start + size])

    heard = b""
    while heard.count(b"HTTP/1.1 200") < 3 and (more := await caller.hear()):
        heard += more
    assert heard.count(b"HTTP/1.1 200") == 3
    assert b"a=b&c" in heard


async def test_many_offers_at_once_are_all_answered(call: Call) -> None:
    caller = await call()

    await caller.say((b"GET / HTTP/1.1\r\n" + OFFER + b"\r\n") * 50)

    heard = b""
    while heard.count(b"HTTP/1.1 200") < 50 and (more := await caller.hear()):
        heard += more
    assert heard.count(b"HTTP/1.1 200") == 50


@pytest.mark.parametrize(
    "head",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    ],
    ids=["TLS", "version", "length", "two lengths", "length and chunks", "NUL", "space", "no host", "two hosts"],
)
async def test_what_is_no_http_is_refused(call: Call, head: bytes) -> None:
    caller = await call()

    await caller.say(head)

    assert await caller.is_hung_up_on()
