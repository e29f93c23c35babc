"""The gate: what happens to every request before and after its endpoint.

A correlation id in and out, limits on the body, security headers, one log line, metrics, and an answer when all else fails.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic, perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from oidc_server.foundation import languages, looks, negotiation
from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.identifiers import new_reference, new_secret
from oidc_server.foundation.languages import N_
from oidc_server.foundation.telemetry import metrics
from oidc_server.foundation.web import caller, client_certificate, security_headers
from oidc_server.foundation.web.speech import Speech
from oidc_server.settings.model import Settings

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:=+/-]{1,128}")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: Asked every few seconds by machines; their lines would bury the others.
_QUIET = frozenset({"/health/live", "/health/ready", "/health", "/metrics"})

log = structlog.get_logger(__name__)

Failed = Callable[[Scope, str], Response]


class Gate:
    """The outermost layer of the application."""

    def __init__(
        self, app: ASGIApp, settings: Settings, failed: Failed, larger: Mapping[str, int] | None = None
    ) -> None:
        """`larger` says which paths take larger bodies than all the others, in bytes."""
        self._app = app
        self._settings = settings
        self._larger = larger or {}
        self._failed = failed
        self._speech = Speech(settings)
        self._headers = security_headers.every_answer(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at = perf_counter()
        request_id = request_id_of(scope)
        clear_contextvars()
        address = caller.address(scope, self._settings.trusted_proxies)
        bind_contextvars(request_id=request_id.decode(), caller=str(address))
        negotiation.begin(scope)
        looks.begin()
        languages.begin(self._speech.language)
        scope["caller"] = address
        client_certificate.note(scope, self._settings)
        scope["root_path"] = self._settings.base_path
        answer = _Answer(send, request_id, self._headers)
        if scope["method"] in _WITH_BODY:
            receive = self._limited(scope, receive)
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            log.info("caller_hung_up", path=scope["path"][:200])
        except asyncio.CancelledError:
            # A server that stops waits only so long. Raised again, this would be logged as a mistake of ours.
            await _cut_off(scope, receive, answer)
        except Exception:
            await self._apologise(scope, receive, answer)
        finally:
            _tell(scope, answer.status, perf_counter() - started_at)

    async def _apologise(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        error_id = new_reference()
        log.exception("request_failed", error_id=error_id, method=scope["method"], path=scope["path"][:200])
        if not answer.status:
            await self._failed(scope, error_id)(scope, receive, answer)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """A `receive` that raises BadRequest when the body is too large or too slow."""
        limit = self._larger.get(scope["path"], self._settings.http.max_body)
        deadline = monotonic() + self._settings.http.body_deadline.total_seconds()
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        declared = int(length) if length.isdigit() else 0
        received = 0

        async def limited() -> Message:
            nonlocal received
            if declared > limit:
                raise BadRequest(f"The body has {declared} bytes, expected at most {limit}.", status=413)
            try:
                async with asyncio.timeout(deadline - monotonic()):
                    message = await receive()
            except TimeoutError as error:
                raise BadRequest(N_("The body took too long to arrive."), status=408) from error
            received += len(message.get("body", b""))
            if received > limit:
                raise BadRequest(f"The body has more than {limit} bytes.", status=413)
            return message

        return limited


class _Answer:
    """Sends an answer on, with the headers that it lacks, and remembers its status."""

    def __init__(self, send: Send, request_id: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._request_id = request_id
        self._headers = headers
        self.status = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            present = {name.lower() for name, _ in headers}
            missing = [header for header in self._headers if header[0] not in present]
            message["headers"] = [*headers, *missing, (b"x-request-id", self._request_id)]
        return self._send(message)


def request_id_of(scope: Scope) -> bytes:
    """The correlation id that the caller sent in X-Request-ID, if it is one, or a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    return new_secret(16).encode()


async def _cut_off(scope: Scope, receive: Receive, answer: _Answer) -> None:
    log.warning("request_cut_off", method=scope["method"], path=scope["path"][:200])
    if not answer.status:
        headers = {"Retry-After": "1", "Connection": "close"}
        await Response(status_code=503, headers=headers)(scope, receive, answer)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "other")
    metrics.requests.labels(route, scope["method"] if route != "other" else "other", status).inc()
    metrics.request_seconds.labels(route).observe(seconds)
    if scope["path"] in _QUIET:
        return
    log.info(
        "request",
        method=scope["method"][:16],
        path=scope["path"][:200],
        status=status,
        milliseconds=round(seconds * 1000, 2),
    )
