"""CORS: scripts on the registered clients' own origins may call what a client calls; others may not."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oidc_server.clients.registry import Registry
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Unavailable

_ALLOWED_METHODS = b"GET, POST"
_ALLOWED_HEADERS = b"Authorization, Content-Type, X-Request-ID"
_EXPOSED_HEADERS = b"WWW-Authenticate, X-Request-ID, Retry-After"
_PREFLIGHT_SECONDS = b"600"


class Cors:
    """Adds CORS headers for registered origins on the paths that clients call; never for cookies."""

    def __init__(self, app: ASGIApp, database: Database, registry: Registry, paths: frozenset[str]) -> None:
        self._app = app
        self._database = database
        self._registry = registry
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request pass, with the headers that its origin is due."""
        origin = _origin(scope) if scope["type"] == "http" and scope["path"] in self._paths else None
        if origin is None:
            await self._app(scope, receive, send)
            return
        is_registered = await self._is_registered(origin)
        if scope["method"] == "OPTIONS":
            await _preflight(origin if is_registered else None, send)
            return
        await self._app(scope, receive, _with_origin(origin, send) if is_registered else send)

    async def _is_registered(self, origin: bytes) -> bool:
        try:
            return await self._database.run(self._registry.has_origin, origin.decode("ascii"))
        except (Unavailable, UnicodeDecodeError):
            return False


def _origin(scope: Scope) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == b"origin"), None)


def _with_origin(origin: bytes, send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [header for header in message["headers"] if header[0] != b"vary"]
            message["headers"] = [
                *headers,
                (b"vary", b"Origin"),
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", _EXPOSED_HEADERS),
            ]
        await send(message)

    return sending


async def _preflight(origin: bytes | None, send: Send) -> None:
    headers = [(b"vary", b"Origin")]
    if origin is not None:
        headers += [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", _ALLOWED_METHODS),
            (b"access-control-allow-headers", _ALLOWED_HEADERS),
            (b"access-control-max-age", _PREFLIGHT_SECONDS),
        ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
