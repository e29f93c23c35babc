"""The caller's access token: which person it lets see to their account (RFC 6750)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select
from starlette.requests import Request

from oidc_server.accounts.models import User
from oidc_server.accounts.sign_in import PASSWORD
from oidc_server.api.errors import ApiRefused, unauthenticated
from oidc_server.clients.metadata import ACCOUNT_SCOPE
from oidc_server.foundation import clock
from oidc_server.keys.jwt import InvalidToken
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions.ledger import Proof
from oidc_server.tokens import access_token
from oidc_server.tokens.access_token import AccessToken
from oidc_server.tokens.grants import is_standing
from oidc_server.tokens.inspection import is_untouched
from oidc_server.tokens.models import Grant

_OF_THE_TOKEN = (
    select(User, Grant.id, Grant.acr, Grant.amr, Grant.authenticated_at)
    .join(Grant, Grant.user_id == User.id)
    .where(Grant.id == bindparam("grant_id"), is_standing(), is_untouched())
)
_NOT_VALID = "The access token is not valid here, or no longer."


@dataclass(frozen=True)
class Caller:
    """A person who calls through an app."""

    user: User
    token: AccessToken
    came_with: Proof
    """What they have proven when they logged in."""
    authenticated_at: datetime
    grant_id: UUID
    """Of this login."""

    def is_fresh(self, fresh_for: timedelta) -> bool:
        """Whether that was just now."""
        return clock.now() - self.authenticated_at <= fresh_for

    def proof(self, fresh_for: timedelta) -> Proof:
        """What they have proven with their password in this request: all that they came with, if that was just now."""
        return self.came_with if self.is_fresh(fresh_for) else PASSWORD


def presented(request: Request) -> str:
    """The access token in the Authorization header; ApiRefused if there is none, or more than one."""
    headers = request.headers.getlist("authorization")
    scheme, _, text = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not text.strip():
        raise unauthenticated("Expected one access token in the Authorization header.", "not_authenticated")
    return text.strip()


def read(server: AuthorizationServer, text: str) -> AccessToken:
    """The token, if it lets its bearer see to an account; ApiRefused otherwise. Whether its grant stands, `caller` knows."""
    try:
        token = access_token.read(server.issuing.ring, server.issuing.issuer, text)
    except InvalidToken as error:
        raise unauthenticated(_NOT_VALID, "invalid_token", because=str(error)) from error
    if token.grant_id is None or server.issuing.issuer not in token.audience:
        raise unauthenticated(_NOT_VALID, "invalid_token", because="not about a person, or for another audience")
    if ACCOUNT_SCOPE not in token.scopes:
        raise ApiRefused(403, "insufficient_scope", f"The access token lacks the scope {ACCOUNT_SCOPE}.")
    return token


def caller(server: AuthorizationServer, text: str) -> Caller:
    """Whose token this is, as they are now; ApiRefused if it is no longer good. Call it inside `Database.run`."""
    token = read(server, text)
    values = {"grant_id": token.grant_id, "jti": token.jti, "now": clock.now()}
    with server.database.transaction() as session:
        found = session.execute(_OF_THE_TOKEN, values).first()
        if found is not None:
            session.expunge(found.User)
    client = server.query_client(token.client_id)
    if found is None or client is None or ACCOUNT_SCOPE not in client.scopes:
        raise unauthenticated(_NOT_VALID, "invalid_token", because="revoked, or its grant, person or client is gone")
    return Caller(found.User, token, Proof(found.acr, tuple(found.amr)), found.authenticated_at, found.id)
