"""Granting: what an authorization request is answered with once nothing is left to decide.

One grant, and of it what the response type asks for: a code, an access token, an ID token (Multiple Response Types §3, §5).
"""

from typing import Any

from oidc_server.accounts import claims
from oidc_server.audit.events import Event
from oidc_server.clients.metadata import ROLES_SCOPE
from oidc_server.oauth import about, claims_request
from oidc_server.oauth.authorize import checks
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions import participants
from oidc_server.tokens import code as codes
from oidc_server.tokens import grants
from oidc_server.tokens.grants import Authentication, Granted, Request
from oidc_server.tokens.issuing import About, Allowed


def answer(server: AuthorizationServer, asked: AuthorizationRequest, authentication: Authentication) -> dict[str, Any]:
    """The parameters of the answer, for a person who is signed in; raises AlreadyAnswered on a repetition."""
    # First, for it may have to be fetched: a grant is made once.
    envelope = server.issuing.id_token_envelope(asked.client) if "id_token" in asked.response_types else None
    grant = _make(server, asked, authentication)
    code = codes.mint(server.issuing.sealing, grant.id) if "code" in asked.response_types else None
    gets = Allowed(frozenset(grant.scopes), frozenset(grant.resources), envelope)
    tokens = server.issuing.for_browser(
        grant, asked.client, gets, with_token="token" in asked.response_types, code=code, about=_about(asked)
    )
    server.trail.note(Event.GRANT_MADE, **grant.ids, scope=" ".join(grant.scopes), response_type=asked.response_type)
    return {**({"code": code} if code else {}), **tokens}


def _about(asked: AuthorizationRequest) -> About:
    """What the ID token tells of the person: what was asked for it, and all where no access token comes (Core §5.4, §5.5)."""
    names = claims_request.about_person(asked.claims, "id_token")
    if not asked.response_types & {"token", "code"}:
        names |= {name for scope in asked.scopes for name in claims.BY_SCOPE.get(scope, ())}
    return about.told(asked.user, names, asked.claims, has_roles=ROLES_SCOPE in asked.scopes)


def _make(server: AuthorizationServer, asked: AuthorizationRequest, authentication: Authentication) -> Granted:
    has_code = "code" in asked.response_types
    wanted = Request(
        client_id=asked.client.client_id,
        scopes=asked.scopes,
        redirect_uri=asked.redirect_uri,
        code_challenge=asked.code_challenge,
        nonce=asked.get("nonce"),
        claims=asked.claims,
        resources=asked.resources,
        with_refresh_token=has_code and asked.client.may_use("refresh_token"),
    )
    # One statement, unless something else is to be written with it.
    write = server.database.transaction if asked.client.hears_of_logouts else server.database.autocommit
    with write() as handle:
        grant = grants.make(
            handle,
            server.issuing.lifetimes,
            asked.user.id,
            wanted,
            authentication,
            grant_id=asked.grant_id,
            with_code=has_code,
            rests_on_consent=asked.rests_on_consent,
        )
        if grant is not None and grant.session_id is not None and asked.client.hears_of_logouts:
            participants.note(handle, grant.session_id, asked.client.client_id)
    if grant is None:
        raise checks.AlreadyAnswered
    return grant
