"""Routing: one route for each path, so that a refused method is told all the others (RFC 9110 §15.5.6)."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Awaitable[Response]]


def mount(router: APIRouter, path: str, *, get: Endpoint | None = None, post: Endpoint | None = None) -> None:
    """Lead GET (and HEAD) to one endpoint, POST to another or the same."""
    methods = [*(("GET", "HEAD") if get else ()), *(("POST",) if post else ())]

    async def endpoint(request: Request) -> Response:
        chosen = post if request.method == "POST" else get
        assert chosen is not None  # noqa: S101 - its method would have been refused
        return await chosen(request)

    router.add_api_route(path, endpoint, methods=methods, include_in_schema=False)
