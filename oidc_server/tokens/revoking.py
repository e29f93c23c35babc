"""Revoking: one access token by itself, and what rests on a consent; whole grants are ended in `grants`."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from oidc_server.consents import memory
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.statements import insert_if_absent, remove_in_batches
from oidc_server.tokens import grants
from oidc_server.tokens.access_token import AccessToken
from oidc_server.tokens.models import RevokedToken

#: A node whose clock is behind takes a token for good a little longer.
_KEPT_AFTER = timedelta(minutes=1)


def revoke(session: Session, token: AccessToken) -> bool:
    """Put an access token on the deny-list until it expires; whether it was not there yet."""
    return insert_if_absent(session, RevokedToken, {"jti": token.jti, "expires_at": token.expires_at})


def withdraw_consent(session: Session, user_id: UUID, client_id: str) -> bool:
    """Take a consent back, and end the grants that rest on it for good; whether there was one."""
    grants.revoke_resting_on_consent(session, user_id, client_id)
    return memory.forget(session, user_id, client_id)


def remove_old(database: Database) -> int:
    """Forget, in small batches, revoked tokens that have expired; how many."""
    return remove_in_batches(database, RevokedToken.jti, RevokedToken.expires_at < clock.now() - _KEPT_AFTER)
