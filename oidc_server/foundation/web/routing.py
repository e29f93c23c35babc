"""Routing: one route for each path, so that a refused method is told all the others (RFC 9110 §15.5.6)."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Awaitable[Response]]


def mount(router: APIRouter, path: str, *, get: Endpoint | None = None, post: Endpoint | None = None) -> None:
    """Lead GET (and HEAD) to one endpoint, POST to another or the same."""
    endpoints = {**({"GET": get, "HEAD": get} if get else {}), **({"POST": post} if post else {})}
    mount_each(router, path, endpoints)


def mount_each(router: APIRouter, path: str, endpoints: Mapping[str, Endpoint]) -> None:
    """Lead each method to its endpoint."""

    async def endpoint(request: Request) -> Response:
        return await endpoints[request.method](request)

    router.add_route(router.prefix + path, endpoint, methods=[*endpoints], include_in_schema=False)
