"""Signing in and out: /api/v1/auth/login, second-factor, refresh and logout."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from oidc_server.accounts import second_factors
from oidc_server.accounts.second_factors import WrongCode
from oidc_server.accounts.sign_in import TooManyAttempts
from oidc_server.api import bodies, caller_token, errors
from oidc_server.api.errors import ApiRefused
from oidc_server.api.logins import Logins
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

    def __init__(self, server: AuthorizationServer, logins: Logins) -> None:
        self._server = server
        self._logins = logins

    async def log_in(self, request: Request) -> Response:
        """Exchange a user name and a password for tokens.

        Where a second factor is due besides, the answer is 403 with an `mfa_token`, for `/auth/second-factor`.
        """
        said = await bodies.read(request, bodies.Login)
        asked = self._asked(
            request,
            grant_type="password",
            username=said.username,
            password=said.password.get_secret_value(),
            client_id=said.client_id,
            scope=said.scope,
        )
        return await self._tell("invalid_credentials", self._logins.begin, asked, said.device_token or "")

    async def prove_more(self, request: Request) -> Response:
        """Exchange a code of the second factor, and the `mfa_token` of a login that waits for it, for tokens.

        Codes are good once, and so is the token: after a wrong code it can be used again until it expires.
        """
        said = await bodies.read(request, bodies.SecondFactor)
        if said.method not in (None, second_factors.kind_of(said.code)):
            raise ApiRefused(422, "validation_error", "code: has not the form of this method", field="code")
        asked = self._asked(request, mfa_token=said.mfa_token, code=said.code, client_id=said.client_id)
        try:
            return await self._tell("invalid_mfa_token", self._logins.go_on, asked, field="mfa_token")
        except WrongCode as refusal:
            raise errors.unauthenticated(refusal.told, "wrong_code", field="code", because=refusal.because) from refusal
        except TooManyAttempts as refusal:
            raise errors.too_many_attempts(refusal.told, refusal.retry_after, because=refusal.because) from refusal

    async def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for new tokens; each is good for one use."""
        said = await bodies.read(request, bodies.Refresh)
        asked = self._asked(
            request, grant_type="refresh_token", refresh_token=said.refresh_token, client_id=said.client_id
        )
        return await self._tell("invalid_refresh_token", self._server.exchange, asked)

    async def log_out(self, request: Request) -> Response:
        """End everything that a login has brought, on the server: 204 also for what has ended before."""
        said = await bodies.read(request, bodies.Logout, may_be_missing=True)
        text = None if said.refresh_token else caller_token.presented(request)
        await self._server.database.run(self._end, said.refresh_token, text)
        return Response(status_code=204)

    def _asked(self, request: Request, **values: str | None) -> OAuthRequest:
        """The same as a request to the token endpoint, by the server's own client if no other is named."""
        sent = {name: value for name, value in values.items() if value}
        sent.setdefault("client_id", first_party.CLIENT_ID)
        asked = OAuthRequest("POST", f"{self._server.issuing.issuer}/token", sent)
        asked.neighbourhood = caller.neighbourhood(request.scope["caller"])
        return asked

    async def _tell(
        self, invalid_grant: str, exchange: Callable[..., dict[str, Any]], *asked: Any, field: str | None = None
    ) -> Response:
        """What is issued; where what was sent for it is no good, `invalid_grant` is the code of the refusal."""
        try:
            return answer(await self._server.database.run(exchange, *asked))
        except OAuthRefused as refusal:
            raise errors.of_oauth(refusal, invalid_grant=invalid_grant, field=field) from refusal

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
