"""The userinfo endpoint: /userinfo (OpenID Connect Core §5.3)."""

from typing import Any

from fastapi import Request
from sqlalchemy import bindparam, select
from starlette.responses import Response

from oidc_server.accounts import claims
from oidc_server.accounts.models import User
from oidc_server.clients.registry import Client
from oidc_server.foundation import clock
from oidc_server.keys import jwt
from oidc_server.keys.jwt import InvalidToken
from oidc_server.oauth import bearer, claims_request
from oidc_server.oauth.bearer import InsufficientScope, InvalidAccessToken
from oidc_server.oauth.errors import OAuthRefused
from oidc_server.oauth.server import AuthorizationServer, answer
from oidc_server.tokens import access_token
from oidc_server.tokens.access_token import AccessToken
from oidc_server.tokens.grants import is_standing
from oidc_server.tokens.inspection import is_untouched
from oidc_server.tokens.models import Grant

_COLUMNS = (
    User.id,
    User.username,
    User.email,
    User.email_verified,
    User.roles,
    User.groups,
    User.claims,
    User.updated_at,
    Grant.claims.label("asked"),
)
_OF_THE_TOKEN = (
    select(*_COLUMNS)
    .join(Grant, Grant.user_id == User.id)
    .where(Grant.id == bindparam("grant_id"), is_standing(), is_untouched())
)


class UserinfoEndpoint:
    """Tells a client what its access token lets it know of the person."""

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server

    async def tell(self, request: Request) -> Response:
        """Answer one request."""
        try:
            text = await bearer.presented(request)
            return await self._server.database.run(self._tell, text)
        except OAuthRefused as refusal:
            return bearer.challenge(refusal, scope="openid")

    def _tell(self, text: str) -> Response:
        token = self._read(text)
        if "openid" not in token.scopes:
            raise InsufficientScope("The access token lacks the scope openid.")
        with self._server.database.autocommit() as connection:
            values = {"grant_id": token.grant_id, "jti": token.jti, "now": clock.now()}
            row = connection.execute(_OF_THE_TOKEN, values).first()
        client = self._server.query_client(token.client_id)
        if row is None or client is None:
            raise InvalidAccessToken(because="revoked, or its grant, person or client is gone")
        locales = claims_request.locales(row.asked)
        told = {
            **claims.of(row, token.scopes & client.scopes, locales),
            **claims.named(row, claims_request.names(row.asked, "userinfo"), locales),
        }
        return self._answer(client, {**told, "sub": self._server.issuing.subject(client, row.id)})

    def _answer(self, client: Client, told: dict[str, Any]) -> Response:
        """JSON, or a JWT, signed or encrypted or both, for clients that registered for one (Core §5.3.2)."""
        metadata, issuing = client.metadata, self._server.issuing
        signing = metadata.userinfo_signed_response_alg
        if signing is not None:
            claims_of_jwt = {**told, "iss": issuing.issuer, "aud": client.client_id}
            signed = jwt.sign(issuing.ring.current(signing), "JWT", claims_of_jwt)
            body = issuing.userinfo_envelope(client).around(signed)
        elif metadata.userinfo_encrypted_response_alg is not None:
            body = issuing.userinfo_envelope(client).around_claims(told)
        else:
            return answer(told)
        return Response(body, headers={"Cache-Control": "no-store"}, media_type="application/jwt")

    def _read(self, text: str) -> AccessToken:
        issuing = self._server.issuing
        try:
            token = access_token.read(issuing.ring, issuing.issuer, text)
        except InvalidToken as error:
            raise InvalidAccessToken(because=str(error)) from error
        if token.grant_id is None or issuing.issuer not in token.audience:
            raise InvalidAccessToken(because="not about a person, or for another audience")
        return token
