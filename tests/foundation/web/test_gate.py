"""The gate: what happens to every request before and after its endpoint."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.web.gate import Gate
from oidc_server.settings.model import Settings
from tests.conftest import make_settings
from tests.foundation.web.logbook import Logbook, reading

SECRET = "a secret that stands in a traceback"

Endpoint = Callable[[Request], Awaitable[Response]]


@pytest.fixture
def settings() -> Settings:
    """Small limits."""
    http = {"max_body": 1024, "body_deadline": timedelta(milliseconds=100)}
    return make_settings("sqlite:///unused.db", Path("unused"), http=http)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header that is there at most once."""
        found = [value.decode() for key, value in self.headers if key.lower() == name.encode()]
        assert len(found) <= 1, found
        return found[0] if found else None


def scope(method: str = "POST", path: str = "/x", headers: dict[str, str] | None = None) -> Scope:
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    return {
        "type": "http", "method": method, "path": path, "query_string": b"", "headers": pairs, "client": ("203.0.113.7", 1)
    }  # fmt: skip


class Connection:
    """A caller who sends a body in chunks, and then `end`s it, falls into `silence`, or is `gone`."""

    def __init__(self, chunks: tuple[bytes, ...], then: str, pause: float) -> None:
        self._chunks = [*chunks, b""] if then == "end" else list(chunks)
        self._then = then
        self._pause = pause
        self.answer = Answer(0, [], b"")

    async def receive(self) -> Message:
        """The next part of the body."""
        if self._chunks:
            await asyncio.sleep(self._pause)
            chunk = self._chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks) or self._then != "end"}
        if self._then != "gone":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self.answer.status, self.answer.headers = message["status"], message["headers"]
        self.answer.body += message.get("body", b"")


async def ask(
    settings: Settings,
    endpoint: Endpoint,
    request: Scope | None = None,
    *chunks: bytes,
    then: str = "end",
    pause: float = 0,
) -> Answer:
    """Send a request through the gate to this endpoint."""

    async def application(inner: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await endpoint(Request(inner, receive))
        except BadRequest as refusal:
            response = PlainTextResponse(refusal.told, refusal.status)
        await response(inner, receive, send)

    def failed(scope: Scope, error_id: str) -> Response:
        return PlainTextResponse(f"Sorry. Error id: {error_id}", 500)

    connection = Connection(chunks, then, pause)
    await Gate(application, settings, failed)(request or scope(), connection.receive, connection.send)
    return connection.answer


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def never_reads(request: Request) -> Response:
    return PlainTextResponse("ok")


async def fails(request: Request) -> Response:
    raise RuntimeError(SECRET)


@pytest.fixture
def logbook(settings: Settings) -> Iterator[Logbook]:
    """The log."""
    with reading(settings) as book:
        yield book


async def test_a_mistake_of_ours_tells_nobody_its_reason(settings: Settings, logbook: Logbook) -> None:
    answer = await ask(settings, fails)

    (line,) = logbook.lines("request_failed")
    assert answer.status == 500
    assert line["error_id"].encode() in answer.body
    assert SECRET.encode() not in answer.body
    assert b"Traceback" not in answer.body
    assert SECRET in line["exception"]
    assert line["request_id"] == answer.header("x-request-id")


async def test_a_mistake_halfway_through_an_answer_adds_nothing_to_it(settings: Settings, logbook: Logbook) -> None:
    async def half(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            raise RuntimeError(SECRET)

        return StreamingResponse(parts())

    answer = await ask(settings, half)

    assert (answer.status, answer.body) == (200, b"first")
    assert logbook.lines("request_failed")


async def test_who_hangs_up_is_no_mistake_of_ours(settings: Settings, logbook: Logbook) -> None:
    await ask(settings, echo, scope(), b"x" * 10, then="gone")

    assert not logbook.lines("request_failed")


async def test_who_is_cut_off_by_a_server_that_stops_is_told_to_come_back(settings: Settings, logbook: Logbook) -> None:
    asking = asyncio.create_task(ask(settings, echo, scope(), b"x" * 10, then="silence"))
    await asyncio.sleep(0.1)
    asking.cancel()

    answer = await asking

    assert (answer.status, answer.header("retry-after"), answer.header("connection")) == (503, "1", "close")
    assert logbook.lines("request_cut_off")
    assert "Traceback" not in logbook.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_body_that_says_it_is_too_large_is_refused(settings: Settings, method: str) -> None:
    answer = await ask(settings, echo, scope(method, headers={"Content-Length": "1025"}), b"x")

    assert answer.status == 413


@pytest.mark.parametrize("sizes", [[1025], [1000, 25], [1] * 1025])
async def test_a_body_that_turns_out_too_large_is_refused(settings: Settings, sizes: list[int]) -> None:
    assert (await ask(settings, echo, scope(), *(b"x" * size for size in sizes))).status == 413
    lying = scope(headers={"Content-Length": "10"})
    assert (await ask(settings, echo, lying, *(b"x" * size for size in sizes))).status == 413


async def test_a_body_of_just_the_right_size_passes(settings: Settings) -> None:
    answer = await ask(settings, echo, scope(headers={"Content-Length": "1024"}), b"x" * 1000, b"x" * 24)

    assert (answer.status, answer.body) == (200, b"1024")


async def test_a_body_that_takes_too_long_is_refused(settings: Settings) -> None:
    assert (await ask(settings, echo, scope(), b"x", then="silence")).status == 408


async def test_a_body_that_trickles_is_refused_all_the_same(settings: Settings) -> None:
    assert (await ask(settings, echo, scope(), *[b"x"] * 50, pause=0.03)).status == 408


async def test_nobody_waits_for_a_body_that_nobody_reads(settings: Settings) -> None:
    large = scope(headers={"Content-Length": "9999999"})

    assert (await ask(settings, never_reads, large, then="silence")).status == 200


@pytest.mark.parametrize("length", ["x", "\xb2"])
async def test_a_content_length_that_is_no_number_is_no_mistake_of_ours(
    settings: Settings, logbook: Logbook, length: str
) -> None:
    answer = await ask(settings, echo, scope(headers={"Content-Length": length}), b"x")

    assert answer.status < 500
    assert not logbook.lines("request_failed")


@pytest.mark.parametrize("given", ["abc", "a-b_c.d:e=f+g/h", "0" * 128, "7f3c2b1a-0000-4000-8000-000000000000"])
async def test_a_request_id_is_taken_over(settings: Settings, logbook: Logbook, given: str) -> None:
    answer = await ask(settings, never_reads, scope(headers={"X-Request-ID": given}))

    assert answer.header("x-request-id") == given
    assert logbook.lines("request")[0]["request_id"] == given


@pytest.mark.parametrize("given", ["", " ", "a b", "a\nb", "x" * 129, "<script>", "ä", '"', "a;b", "\x1b[31m"])
async def test_what_is_no_request_id_is_replaced(settings: Settings, logbook: Logbook, given: str) -> None:
    answer = await ask(settings, never_reads, scope(headers={"X-Request-ID": given}))

    made = answer.header("x-request-id")
    assert made
    assert made != given
    assert made.isascii()
    assert logbook.lines("request")[0]["request_id"] == made


async def test_each_request_without_an_id_gets_one_of_its_own(settings: Settings) -> None:
    made = {(await ask(settings, never_reads)).header("x-request-id") for _ in range(20)}

    assert len(made) == 20


async def test_a_line_in_the_log_cannot_be_forged(settings: Settings, logbook: Logbook) -> None:
    await ask(settings, never_reads, scope("GET\n" + "x" * 50, path='/\n{"event": "forged"}\r' + "x" * 5000))

    (line,) = logbook.lines("request")
    assert len(logbook.text.splitlines()) == 1
    assert len(line["path"]) <= 200
    assert line["caller"] == "203.0.113.7"


async def test_what_is_asked_every_few_seconds_is_not_logged(settings: Settings, logbook: Logbook) -> None:
    for path in ("/health/live", "/health/ready", "/health", "/metrics"):
        await ask(settings, never_reads, scope("GET", path))

    assert not logbook.lines("request")


async def test_every_answer_has_the_headers_that_it_lacks(settings: Settings) -> None:
    async def with_its_own(request: Request) -> Response:
        return PlainTextResponse("ok", headers={"Referrer-Policy": "no-referrer"})

    plain, own, broken = [await ask(settings, endpoint) for endpoint in (never_reads, with_its_own, fails)]

    for answer in (plain, own, broken):
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("strict-transport-security") == "max-age=31536000"
        assert answer.header("content-security-policy") == "default-src 'none'; frame-ancestors 'none'"
    assert plain.header("referrer-policy") == "same-origin"
    assert own.header("referrer-policy") == "no-referrer"


async def test_without_https_nobody_is_told_to_use_it() -> None:
    plain = make_settings("sqlite:///unused.db", Path("unused"), issuer="http://localhost:8000")

    assert (await ask(plain, never_reads)).header("strict-transport-security") is None  # RFC 6797 §7.2


async def test_what_one_request_knows_of_itself_no_other_request_sees(settings: Settings, logbook: Logbook) -> None:
    async def slow(request: Request) -> Response:
        await asyncio.sleep(0.01)
        return PlainTextResponse("ok")

    await asyncio.gather(*(ask(settings, slow, scope(headers={"X-Request-ID": f"id{n}"})) for n in range(20)))

    assert sorted(line["request_id"] for line in logbook.lines("request")) == sorted(f"id{n}" for n in range(20))
