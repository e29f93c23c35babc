"""The client credentials grant: the client acts for itself (RFC 6749 §4.4)."""

from typing import Any

from authlib.oauth2.rfc6749 import grants

from oidc_server.oauth import allowed, resource_indicators, scopes
from oidc_server.oauth.errors import UnauthorizedClient
from oidc_server.tokens.issuing import Allowed


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    """A client proves who it is and gets an access token: no row, no refresh token."""

    def validate_token_request(self) -> None:
        """Check who asks, and for what."""
        client = self.authenticate_token_endpoint_client()
        allowed.require(client, self.GRANT_TYPE)
        if client.metadata.is_public:
            raise UnauthorizedClient("client_credentials is for clients that authenticate (RFC 6749 4.4).")
        known = self.server.issuing.resources.all()
        available = scopes.for_client(scopes.parse(self.request.get("scope")), client.scopes, known.scopes)
        named = resource_indicators.asked(self.request.get(resource_indicators.PARAMETER), known)
        resource_indicators.within(named, frozenset(), available, known)
        self.allowed = Allowed(resource_indicators.narrowed(available, named, known, keep_identity=False), named)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Issue the token."""
        token = self.server.issuing.for_client(self.request.client, self.allowed)
        return 200, token, self.TOKEN_RESPONSE_HEADER
