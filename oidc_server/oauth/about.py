"""About a person: what tokens from the token endpoint tell of them (OpenID Connect Core §5.5, RFC 9068 §2.2.3.1)."""

from collections.abc import Iterable

from oidc_server.accounts import claims, directory
from oidc_server.accounts.models import User
from oidc_server.clients.metadata import ROLES_SCOPE
from oidc_server.oauth import claims_request
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.tokens.grants import Granted
from oidc_server.tokens.issuing import About


def of(server: AuthorizationServer, grant: Granted) -> About:
    """What was asked for, and the roles where they were granted; asks the database only if there is anything to tell."""
    names = claims_request.names(grant.claims, "id_token") & claims.REQUESTABLE
    has_roles = ROLES_SCOPE in grant.scopes
    if not names and not has_roles:
        return About()
    with server.database.autocommit() as connection:
        user = directory.get(connection, grant.user_id)
    return About() if user is None else told(user, names, has_roles=has_roles)


def told(user: User, names: Iterable[str], *, has_roles: bool) -> About:
    """These claims of a user for the ID token, and their roles and groups for the access token."""
    return About(claims.named(user, names), claims.of(user, {ROLES_SCOPE}) if has_roles else {})
