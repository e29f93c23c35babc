"""The page /playground; everything else happens in its script, through the public endpoints."""

from fastapi import APIRouter
from starlette.responses import Response

from oidc_server.foundation.web import security_headers
from oidc_server.foundation.web.pages import Pages
from oidc_server.settings import Settings

CLIENT_ID = "playground"
PATH = "/playground"
SCOPE = "openid profile email offline_access"
_POLICY = security_headers.PAGE_POLICY + "; script-src 'self'; connect-src 'self'"


def build(settings: Settings, pages: Pages) -> APIRouter:
    """The router of the playground."""
    router = APIRouter(include_in_schema=False)

    async def show_playground() -> Response:
        return pages.show(
            "playground/playground.html",
            policy=_POLICY,
            client_id=CLIENT_ID,
            redirect_uri=settings.issuer + PATH,
            scope=SCOPE,
        )

    router.add_api_route(PATH, show_playground, methods=["GET"])
    return router
