"""The introspection endpoint: /introspect tells a resource server whether a token is still good (RFC 7662)."""

from collections.abc import Collection
from typing import Any

from fastapi import Request
from starlette.responses import Response

from oidc_server.clients.registry import Client
from oidc_server.foundation import clock
from oidc_server.keys import jwt
from oidc_server.keys.jwt import InvalidToken
from oidc_server.oauth import parameters
from oidc_server.oauth.errors import InvalidRequest
from oidc_server.oauth.parameters import OAuthRequest
from oidc_server.oauth.server import AuthorizationServer, answer
from oidc_server.settings.model import Settings
from oidc_server.tokens import access_token, grants, inspection, refresh_token
from oidc_server.tokens.access_token import AccessToken

_JWT = "application/token-introspection+jwt"
_INACTIVE: dict[str, Any] = {"active": False}
_TOLD = ("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "auth_time", "acr", "amr")


class IntrospectionEndpoint:
    """Answers those who are entitled to know; to all others every token is inactive (RFC 7662 §2.2)."""

    def __init__(self, settings: Settings, server: AuthorizationServer) -> None:
        self._server = server
        self._uri = f"{settings.issuer}/introspect"

    async def tell(self, request: Request) -> Response:
        """Answer one request."""
        asked = await parameters.read(request, self._uri)
        return await self._server.database.run(self._answer, asked, _wants_jwt(request))

    def _answer(self, asked: OAuthRequest, wants_jwt: bool) -> Response:
        client = self._server.authenticate_client(asked, endpoint="introspection")
        told = self._introspect(asked, client)
        return self._signed(told, client) if wants_jwt else answer(told)

    def _signed(self, told: dict[str, Any], client: Client) -> Response:
        """The same as a JWT for the one who asks, which it may show to others (RFC 9701 §5)."""
        issuing = self._server.issuing
        claims = {"iss": issuing.issuer, "aud": client.client_id, "iat": clock.timestamp(), "token_introspection": told}
        key = issuing.ring.current(client.metadata.introspection_signed_response_alg)
        signed = jwt.sign(key, "token-introspection+jwt", claims)
        return Response(signed, headers={"Cache-Control": "no-store"}, media_type=_JWT)

    def _introspect(self, asked: OAuthRequest, client: Client) -> dict[str, Any]:
        text = asked.get("token")
        if text is None:
            raise InvalidRequest("token is missing.")
        # The hint is only a hint (RFC 7662 §2.1): the token itself says what it is.
        if "." in text:
            return self._of_access_token(text, client)
        return self._of_refresh_token(text, client)

    def _of_access_token(self, text: str, client: Client) -> dict[str, Any]:
        issuing = self._server.issuing
        try:
            token = access_token.read(issuing.ring, issuing.issuer, text)
        except InvalidToken:
            return _INACTIVE
        if not self._is_entitled(client, token) or self._server.query_client(token.client_id) is None:
            return _INACTIVE
        with self._server.database.autocommit() as connection:
            if not inspection.is_active(connection, token):
                return _INACTIVE
        told = {name: token.claims[name] for name in _TOLD if name in token.claims}
        if token.grant_id is not None and token.scopes:
            told["scope"] = " ".join(sorted(self._left(token.scopes, token.client_id)))
        return {"active": True, "token_type": "Bearer", **told}

    def _left(self, granted: Collection[str], client_id: str) -> frozenset[str]:
        """What of these scopes the client may have today."""
        client = self._server.query_client(client_id)
        return frozenset(granted) & client.scopes if client is not None else frozenset()

    def _of_refresh_token(self, text: str, client: Client) -> dict[str, Any]:
        """A refresh token is told of only to the client that it was issued to."""
        issuing = self._server.issuing
        token = refresh_token.read(issuing.sealing, text)
        if token is None:
            return _INACTIVE
        with self._server.database.autocommit() as connection:
            grant = grants.read(connection, token.grant_id)
        if grant is None or grant.client_id != client.client_id or not refresh_token.is_current(grant, token):
            return _INACTIVE
        if not client.may_use("refresh_token"):
            return _INACTIVE
        return {
            "active": True,
            "iss": issuing.issuer,
            "sub": issuing.subject(client, grant.user_id),
            "client_id": grant.client_id,
            "scope": " ".join(sorted(self._left(grant.scopes, client.client_id))),
            "auth_time": int(grant.authenticated_at.timestamp()),
        }

    def _is_entitled(self, client: Client, token: AccessToken) -> bool:
        """The token's own client, the resource servers it is for, and those that didn't say as whom they ask.

        A resource server that names its client is told of by nobody else. Public clients learn of their own tokens only,
        and so do clients that no operator registered, unless a resource server names them.
        """
        if token.client_id == client.client_id:
            return True
        if client.metadata.is_public:
            return False
        askers = self._server.issuing.resources.all().askers
        apis = [resource for resource in token.audience if resource != self._server.issuing.issuer]
        named = {askers[resource] for resource in apis if resource in askers}
        return client.client_id in named if named or not client.is_an_operators else True


def _wants_jwt(request: Request) -> bool:
    """Whether the answer should be a JWT (RFC 9701 §4)."""
    accepted = ",".join(request.headers.getlist("accept")).lower()
    return any(part.partition(";")[0].strip() == _JWT for part in accepted.split(","))
