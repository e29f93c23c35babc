"""About a person: what tokens from the token endpoint tell of them (OpenID Connect Core §5.5, RFC 9068 §2.2.3.1)."""

from collections.abc import Collection, Mapping
from typing import Any

from oidc_server.accounts import claims, directory
from oidc_server.accounts.models import User
from oidc_server.clients.metadata import ROLES_SCOPE
from oidc_server.oauth import claims_request
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.tokens.grants import Granted
from oidc_server.tokens.issuing import About


def of(server: AuthorizationServer, grant: Granted) -> About:
    """What was asked for, and the roles where they were granted; asks the database only if there is anything to tell."""
    names = claims_request.about_person(grant.claims, "id_token")
    has_roles = ROLES_SCOPE in grant.scopes
    if not names and not has_roles:
        return About()
    with server.database.autocommit() as connection:
        user = directory.get(connection, grant.user_id)
    return About() if user is None else told(user, names, grant.claims, has_roles=has_roles)


def told(user: User, names: Collection[str], asked: Mapping[str, Any] | None = None, *, has_roles: bool) -> About:
    """These claims of a user for the ID token, in the languages asked for, and their roles and groups for the access token."""
    own = claims.named(user, names, claims_request.locales(asked))
    return About(own, claims.of(user, {ROLES_SCOPE}) if has_roles else {})
