"""The shortcut: the endpoints that are called most, reached without the framework's own way of finding and calling them.

That way costs half as much again as what the endpoints do. They are ordinary routes of the application all the same: it
describes them, refuses other methods, and would serve them without this layer just as well.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

Handler = Callable[[Request, Exception], Awaitable[Response]]


class Shortcut:
    """Calls endpoints that take a request and return a response; everything else goes on to the application."""

    def __init__(
        self, app: ASGIApp, routes: Iterable[Route], base_path: str, handlers: Mapping[type[Exception], Handler]
    ) -> None:
        self._app = app
        self._handlers = handlers
        self._routes = {
            (method, prefix + route.path): route
            for route in routes
            if "{" not in route.path
            for method in route.methods or ()
            for prefix in {"", base_path}
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint, or let the request pass."""
        route = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive, send)
        try:
            response = await route.endpoint(request)
        except tuple(self._handlers) as error:
            response = await self._answer(request, error)
        await response(scope, receive, send)

    async def _answer(self, request: Request, error: Exception) -> Response:
        handler = next(self._handlers[kind] for kind in type(error).__mro__ if kind in self._handlers)
        return await handler(request, error)
