"""Logout tokens: they tell one client that a session has ended (OpenID Connect Back-Channel Logout §2.4)."""

from datetime import timedelta
from uuid import UUID

from oidc_server.foundation import clock
from oidc_server.foundation.identifiers import new_secret
from oidc_server.keys import jwt

MEDIA_TYPE = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LIFETIME = timedelta(minutes=2)


def sign(key: jwt.Key, issuer: str, *, client_id: str, subject: str, session_id: UUID) -> str:
    """A new logout token; never with a nonce, lest it be taken for an ID token."""
    now = clock.timestamp()
    claims = {
        "iss": issuer,
        "aud": client_id,
        "iat": now,
        "exp": now + int(_LIFETIME.total_seconds()),
        "jti": new_secret(16),
        "events": {EVENT: {}},
        "sub": subject,
        "sid": str(session_id),
    }
    return jwt.sign(key, MEDIA_TYPE, claims)
