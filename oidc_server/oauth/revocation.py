"""The revocation endpoint: /revoke ends a token that a client no longer needs (RFC 7009)."""

from fastapi import Request
from starlette.responses import Response

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients.registry import Client
from oidc_server.keys.jwt import InvalidToken
from oidc_server.oauth import parameters
from oidc_server.oauth.errors import InvalidGrant, InvalidRequest
from oidc_server.oauth.parameters import OAuthRequest
from oidc_server.oauth.server import AuthorizationServer, answer
from oidc_server.settings.model import Settings
from oidc_server.tokens import access_token, grants, refresh_token, revoking


class RevocationEndpoint:
    """Ends tokens of the client that asks; what is not (or no longer) a token of ours is ended already (RFC 7009 §2.2)."""

    def __init__(self, settings: Settings, server: AuthorizationServer) -> None:
        self._server = server
        self._uri = f"{settings.issuer}/revoke"

    async def end(self, request: Request) -> Response:
        """Answer one request."""
        asked = await parameters.read(request, self._uri)
        await self._server.database.run(self._revoke, asked)
        return answer({})

    def _revoke(self, asked: OAuthRequest) -> None:
        client = self._server.authenticate_client(asked, endpoint="revocation")
        text = asked.get("token")
        if text is None:
            raise InvalidRequest("token is missing.")
        # The hint is only a hint (RFC 7009 §2.1): the token itself says what it is.
        if "." in text:
            self._revoke_access_token(text, client)
        else:
            self._revoke_grant(text, client)

    def _revoke_access_token(self, text: str, client: Client) -> None:
        issuing = self._server.issuing
        try:
            token = access_token.read(issuing.ring, issuing.issuer, text)
        except InvalidToken:
            return
        _check_owner(token.client_id, client)
        with self._server.database.transaction() as session:
            if revoking.revoke(session, token):
                trail.record(session, Event.TOKEN_REVOKED, client_id=client.client_id, grant_id=token.grant_id)

    def _revoke_grant(self, text: str, client: Client) -> None:
        """A refresh token stands for its grant: with it ends everything that was issued (RFC 7009 §2.1)."""
        token = refresh_token.read(self._server.issuing.sealing, text)
        if token is None:
            return
        with self._server.database.transaction() as session:
            grant = grants.read(session, token.grant_id)
            if grant is None:
                return
            _check_owner(grant.client_id, client)
            if grants.revoke(session, grant.id):
                trail.record(session, Event.GRANT_REVOKED, **grant.ids)


def _check_owner(client_id: str, client: Client) -> None:
    """Raise unless the token was issued to the client that asks: it must not think that it has ended (RFC 7009 §2.1)."""
    if client_id != client.client_id:
        raise InvalidGrant("The token was issued to another client.", because=f"issued to {client_id}")
