"""Allowed: what a token request gets of a grant, as everything is today (RFC 6749 §6, RFC 8707 §2.2)."""

from oidc_server.clients.registry import Client
from oidc_server.oauth import resource_indicators, scopes
from oidc_server.oauth.errors import UnauthorizedClient
from oidc_server.oauth.parameters import OAuthRequest
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.tokens.grants import Granted
from oidc_server.tokens.issuing import Allowed


def require(client: Client, grant_type: str) -> None:
    """Raise UnauthorizedClient unless the client is registered for this grant type (RFC 6749 §5.2)."""
    if not client.may_use(grant_type):
        raise UnauthorizedClient(f"The client is not registered for the grant type {grant_type}.")


def today(server: AuthorizationServer, request: OAuthRequest, grant: Granted, *, may_narrow: bool) -> Allowed:
    """What the client may still have of it, narrowed by `resource` and, where a request may narrow, by `scope`.

    Where the client's keys are needed and out of reach, this is where it fails: ask before anything is used up.
    """
    known = server.issuing.resources.all()
    left = scopes.today(grant.scopes, request.client.scopes, known.scopes)
    wanted = scopes.narrowed(request.get("scope"), left) if may_narrow else left
    named = resource_indicators.asked(request.get(resource_indicators.PARAMETER), known)
    resource_indicators.within(named, frozenset(grant.resources), wanted, known)
    return Allowed(
        resource_indicators.narrowed(wanted, named, known, keep_identity=False),
        named or frozenset(grant.resources) & known.all,
        server.issuing.id_token_envelope(request.client) if "openid" in wanted else None,
    )
