"""The page /docs, for development: the endpoints as OpenAPI describes them."""

import warnings
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from oidc_server.foundation.web.routing import mount

_SWAGGER = "https://cdn.jsdelivr.net"
_POLICY = (
    f"default-src 'none'; script-src 'unsafe-inline' {_SWAGGER}; style-src 'unsafe-inline' {_SWAGGER};"
    " img-src data: https://fastapi.tiangolo.com; connect-src 'self'; frame-ancestors 'none'"
)


def build(app: FastAPI, described_apart: Callable[[], APIRouter]) -> APIRouter:
    """The router of the reference; its browser needs the internet, for Swagger UI.

    `described_apart` makes the routes that the application serves without describing them.
    """
    router = APIRouter()
    described: dict[str, Any] = {}

    def describe() -> dict[str, Any]:
        if not described:
            described.update(_describe(app, described_apart().routes))
        return described

    async def show_reference(request: Request) -> Response:
        url = request.scope["root_path"] + (app.openapi_url or "")
        page = get_swagger_ui_html(openapi_url=url, title="oidc-server: endpoints")
        return HTMLResponse(page.body, headers={"Content-Security-Policy": _POLICY})

    app.openapi = describe  # type: ignore[method-assign]  # as FastAPI documents it
    mount(router, "/docs", get=show_reference)
    return router


def _describe(app: FastAPI, apart: list[BaseRoute]) -> dict[str, Any]:
    with warnings.catch_warnings():
        # One route answers GET and POST; the ids are made different below.
        warnings.filterwarnings("ignore", "Duplicate Operation ID")
        schema = get_openapi(title=app.title, version=app.version, routes=[*app.routes, *apart])
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = f"{method}{path}".replace("/", "_").replace("-", "_")
    return schema
