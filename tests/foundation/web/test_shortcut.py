"""The shortcut answers as the framework would have answered."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import PlainTextResponse, Response

from oidc_server.foundation.errors import BadRequest, Unavailable
from oidc_server.foundation.web.shortcut import Handler, Shortcut


async def refused(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"refused {type(error).__name__}", 400)


async def endpoint(request: Request) -> Response:
    if "fail" in request.query_params:
        raise {"bad": BadRequest("no"), "down": Unavailable("no", because="")}[request.query_params["fail"]]
    return PlainTextResponse(f"{request.method} {(await request.body()).decode()}")


def made(*, with_shortcut: bool) -> FastAPI:
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/both", endpoint, methods=["GET", "POST"])
    app.include_router(router)
    handlers: dict[type[Exception], Handler] = {BadRequest: refused, Unavailable: refused}
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    if with_shortcut:
        routes = [route for route in router.routes if isinstance(route, APIRoute)]
        app.add_middleware(Shortcut, routes=routes, base_path="/below", handlers=handlers)
    return app


@pytest.fixture
async def both() -> AsyncIterator[list[httpx2.AsyncClient]]:
    apps = [made(with_shortcut=False), made(with_shortcut=True)]
    clients = [
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://id.example.com") for app in apps
    ]
    yield clients
    for client in clients:
        await client.aclose()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", ["/both", "/both?fail=bad", "/both?fail=down", "/both/", "/elsewhere"])
async def test_with_and_without_the_shortcut_the_answer_is_the_same(
    both: list[httpx2.AsyncClient], method: str, path: str
) -> None:
    slow, short = [await client.request(method, path, content=b"body") for client in both]

    assert (short.status_code, short.text, short.headers) == (slow.status_code, slow.text, slow.headers)


async def test_below_the_issuers_path_it_is_found_too(both: list[httpx2.AsyncClient]) -> None:
    assert (await both[1].get("/below/both")).text == "GET "
