"""Direct logins: what a client gets that asks a person for their password itself, without a browser (RFC 6749 §4.3)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from oidc_server.accounts.models import User
from oidc_server.clients.key_sets import Envelope
from oidc_server.clients.metadata import ROLES_SCOPE
from oidc_server.clients.registry import Client
from oidc_server.foundation import clock
from oidc_server.oauth import about, allowed, resource_indicators, scopes
from oidc_server.oauth.parameters import OAuthRequest
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions.ledger import Proof
from oidc_server.tokens import grants
from oidc_server.tokens.grants import Authentication, Request
from oidc_server.tokens.issuing import Allowed

GRANT_TYPE = "password"


@dataclass(frozen=True)
class Wanted:
    """What a client asked for and may have."""

    scopes: frozenset[str]
    resources: frozenset[str]
    id_token_in: Envelope | None
    """What the ID token is sent in; there is none without. Found before anything is used up: it may be out of reach."""


def wanted(server: AuthorizationServer, request: OAuthRequest, client: Client, scope: str | None) -> Wanted:
    """What this client may have of a person whom it signs in; UnauthorizedClient if it may not do that."""
    allowed.require(client, GRANT_TYPE)
    known = server.issuing.resources.all()
    requested = scopes.parse(scope) or client.scopes & {"openid"}
    available = scopes.for_person(requested, client.scopes, known.scopes, may_refresh=client.may_use("refresh_token"))
    resources = resource_indicators.asked(request.get(resource_indicators.PARAMETER), known)
    granted = resource_indicators.narrowed(available, resources, known, keep_identity=True)
    return Wanted(granted, resources, server.issuing.id_token_envelope(client) if "openid" in granted else None)


def issue(
    server: AuthorizationServer, request: OAuthRequest, gets: Wanted, proof: Proof,
    still_holds: Callable[[Session], None],
) -> dict[str, Any]:  # fmt: skip
    """Write a grant down for the request's person and issue its tokens; `still_holds` raises unless the proof still does."""
    client: Client = request.client
    user: User = request.user
    asked = Request(
        client.client_id, gets.scopes, resources=gets.resources, with_refresh_token=client.may_use("refresh_token")
    )
    with server.database.transaction() as session:
        still_holds(session)
        authentication = Authentication(clock.now(), proof.acr, proof.amr)
        grant = grants.make(session, server.issuing.lifetimes, user.id, asked, authentication, with_code=False)
    assert grant is not None  # noqa: S101 - its id is new
    request.grant = grant
    issued = Allowed(gets.scopes, gets.resources, gets.id_token_in)
    told = about.told(user, (), has_roles=ROLES_SCOPE in gets.scopes)
    return server.issuing.for_grant(grant, client, issued, about=told)
