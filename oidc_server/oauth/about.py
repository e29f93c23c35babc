"""About a person: the claims that an ID token from the token endpoint tells (OpenID Connect Core §5.5)."""

from typing import Any

from oidc_server.accounts import claims, directory
from oidc_server.oauth import claims_request
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.tokens.grants import Granted


def told(server: AuthorizationServer, grant: Granted) -> dict[str, Any]:
    """The claims that were asked for; asks the database only if there are any."""
    names = claims_request.names(grant.claims, "id_token") & set(claims.SUPPORTED)
    if not names:
        return {}
    with server.database.autocommit() as connection:
        user = directory.get(connection, grant.user_id)
    return claims.named(user, names) if user else {}
