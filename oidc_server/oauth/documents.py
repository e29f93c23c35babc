"""The JWKS and the metadata, sent as prepared bytes before the rest of the application wakes up.

They are asked for by everybody all the time, and must be there even when the database is not.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from oidc_server.foundation.telemetry import metrics
from oidc_server.foundation.web import security_headers
from oidc_server.foundation.web.gate import request_id_of
from oidc_server.settings.model import Settings


class Prepared(Protocol):
    """A document as bytes."""

    body: bytes
    etag: str


class Documents:
    """Answers GET and HEAD for prepared documents; everything else goes on to the application."""

    def __init__(self, app: ASGIApp, settings: Settings, documents: Mapping[str, Callable[[], Prepared]]) -> None:
        self._app = app
        self._documents = documents
        seconds = int(settings.keys.cached_for.total_seconds())
        self._headers = [
            (b"content-type", b"application/json"),
            (b"cache-control", f"public, max-age={seconds}".encode()),
            (b"vary", b"Origin"),
            *security_headers.every_answer(settings),
        ]
        self._counters = {
            (path, status): metrics.requests.labels(path, "GET", status) for path in documents for status in (200, 304)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the request pass."""
        prepare = self._documents.get(scope.get("path", ""))
        if prepare is None or scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        document = prepare()
        etag = document.etag.encode()
        known = any(name == b"if-none-match" and etag in value for name, value in scope["headers"])
        body = b"" if known or scope["method"] == "HEAD" else document.body
        headers = [*self._headers, (b"etag", etag), (b"x-request-id", request_id_of(scope))]
        if not known:
            headers.append((b"content-length", str(len(document.body)).encode()))
        await send({"type": "http.response.start", "status": 304 if known else 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        self._counters[scope["path"], 304 if known else 200].inc()


def routes(paths: Iterable[str]) -> list[Route]:
    """For the methods that `Documents` lets pass: whoever uses one of them is told the others (RFC 9110 §15.5.6)."""
    return [Route(path, _answered_before, methods=["GET"], include_in_schema=False) for path in paths]


async def _answered_before(request: Request) -> Response:
    return Response(status_code=404)
