"""The page /playground; everything else happens in its script, through the public endpoints."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from oidc_server.foundation import languages
from oidc_server.foundation.web import security_headers
from oidc_server.foundation.web.pages import Pages
from oidc_server.foundation.web.routing import mount
from oidc_server.settings.model import Settings

CLIENT_ID = "playground"
PATH = "/playground"
SCOPE = "openid profile email offline_access"
_POLICY = security_headers.PAGE_POLICY + "; script-src 'self'; connect-src 'self'"


def build(settings: Settings, pages: Pages) -> APIRouter:
    """The router of the playground."""
    router = APIRouter()

    async def show_playground(request: Request) -> Response:
        return pages.show(
            "playground/playground.html",
            policy=_POLICY,
            language=languages.load(languages.SOURCE),
            client_id=CLIENT_ID,
            redirect_uri=settings.issuer + PATH,
            scope=SCOPE,
        )

    mount(router, PATH, get=show_playground)
    return router
