"""Revoking one access token by itself; whole grants are ended in `grants`."""

from sqlalchemy.orm import Session

from oidc_server.foundation.statements import insert_if_absent
from oidc_server.tokens.access_token import AccessToken
from oidc_server.tokens.models import RevokedToken


def revoke(session: Session, token: AccessToken) -> bool:
    """Put an access token on the deny-list until it expires; whether it was not there yet."""
    return insert_if_absent(session, RevokedToken, {"jti": token.jti, "expires_at": token.expires_at})
