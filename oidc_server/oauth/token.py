"""The token endpoint: /token (RFC 6749 §3.2)."""

from fastapi import Request
from starlette.responses import Response

from oidc_server.oauth import parameters
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.settings.model import Settings


class TokenEndpoint:
    """Exchanges what a grant accepts for tokens."""

    def __init__(self, settings: Settings, server: AuthorizationServer) -> None:
        self._server = server
        self._uri = f"{settings.issuer}/token"

    async def redeem(self, request: Request) -> Response:
        """Answer one token request."""
        asked = await parameters.read(request, self._uri)
        return await self._server.database.run(self._server.create_token_response, asked)
