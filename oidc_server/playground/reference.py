"""The page /docs, for development: the endpoints as OpenAPI describes them."""

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, Response

from oidc_server.foundation.web.routing import mount

_SWAGGER = "https://cdn.jsdelivr.net"
_POLICY = (
    f"default-src 'none'; script-src 'unsafe-inline' {_SWAGGER}; style-src 'unsafe-inline' {_SWAGGER};"
    " img-src data: https://fastapi.tiangolo.com; connect-src 'self'; frame-ancestors 'none'"
)


def build(app: FastAPI) -> APIRouter:
    """The router of the reference; its browser needs the internet, for Swagger UI."""
    router = APIRouter()

    async def show_reference(request: Request) -> Response:
        url = request.scope["root_path"] + (app.openapi_url or "")
        page = get_swagger_ui_html(openapi_url=url, title="oidc-server: endpoints")
        return HTMLResponse(page.body, headers={"Content-Security-Policy": _POLICY})

    mount(router, "/docs", get=show_reference)
    return router
