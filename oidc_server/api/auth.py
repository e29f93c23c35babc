"""Signing in and out: /api/v1/auth/login, refresh and logout."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.api import bodies, caller_token, errors
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients import first_party
from oidc_server.foundation.web import caller
from oidc_server.oauth.errors import OAuthRefused
from oidc_server.oauth.parameters import OAuthRequest
from oidc_server.oauth.server import AuthorizationServer, answer
from oidc_server.tokens import grants, refresh_token


class AuthEndpoints:
    """Logins are the password grant, refreshes the refresh token grant: every check of the token endpoint is made."""

    def __init__(self, server: AuthorizationServer) -> None:
        self._server = server

    async def log_in(self, request: Request) -> Response:
        """Exchange a user name and a password for tokens."""
        asked = await bodies.read(request, bodies.Login)
        values = {
            "grant_type": "password",
            "username": asked.username,
            "password": asked.password.get_secret_value(),
            "client_id": asked.client_id or first_party.CLIENT_ID,
            "scope": asked.scope or "",
        }
        return await self._exchange(request, values, invalid_grant="invalid_credentials")

    async def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for new tokens; each is good for one use."""
        asked = await bodies.read(request, bodies.Refresh)
        values = {
            "grant_type": "refresh_token",
            "refresh_token": asked.refresh_token,
            "client_id": asked.client_id or first_party.CLIENT_ID,
        }
        return await self._exchange(request, values, invalid_grant="invalid_refresh_token")

    async def log_out(self, request: Request) -> Response:
        """End everything that a login has brought, on the server: 204 also for what has ended before."""
        asked = await bodies.read(request, bodies.Logout, may_be_missing=True)
        text = None if asked.refresh_token else caller_token.presented(request)
        await self._server.database.run(self._end, asked.refresh_token, text)
        return Response(status_code=204)

    async def _exchange(self, request: Request, values: dict[str, str], *, invalid_grant: str) -> Response:
        sent = {name: value for name, value in values.items() if value}
        asked = OAuthRequest("POST", f"{self._server.issuing.issuer}/token", sent)
        asked.neighbourhood = caller.neighbourhood(request.scope["caller"])
        try:
            return answer(await self._server.database.run(self._issue, asked))
        except OAuthRefused as refusal:
            raise errors.of_oauth(refusal, invalid_grant=invalid_grant) from refusal

    def _issue(self, asked: OAuthRequest) -> dict[str, Any]:
        if asked.get("grant_type") == "password" and asked.get("scope") is None:
            client = self._server.query_client(asked.get("client_id") or "")
            if client is not None:
                asked.payload.data["scope"] = " ".join(sorted(client.scopes - {"offline_access"}))
        return self._server.exchange(asked)

    def _end(self, refresh: str | None, access: str | None) -> None:
        """A refresh token of an app, or the access token of somebody who is signed in, stands for its grant."""
        if refresh is not None:
            token = refresh_token.read(self._server.issuing.sealing, refresh)
            grant_id = token.grant_id if token else None
        else:
            grant_id = caller_token.read(self._server, access or "").grant_id
        if grant_id is None:
            return
        with self._server.database.transaction() as session:
            grant = grants.read(session, grant_id)
            if grant is not None and grants.revoke(session, grant_id):
                trail.record(session, Event.GRANT_REVOKED, **grant.ids)
