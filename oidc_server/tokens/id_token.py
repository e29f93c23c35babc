"""ID tokens: who signed in, when and how, told to one client (OpenID Connect Core §2)."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256, sha512
from typing import Any

from oidc_server.foundation import clock
from oidc_server.foundation.encoding import b64url
from oidc_server.keys import jwt
from oidc_server.keys.ring import Ring
from oidc_server.tokens.grants import Granted

MEDIA_TYPE = "jwt"


def sign(
    key: jwt.Key, issuer: str, *, subject: str, grant: Granted, lifetime: timedelta, nonce: str | None,
    access_token: str | None, code: str | None = None, about: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """A new ID token.

    `nonce` as the authorization request sent it, and not again on refresh (Core §12.2); `about` are claims about the
    person. The hashes tie it to the access token and the code that come with it (Core §3.3.2.11).
    """
    now = clock.timestamp()
    claims: dict[str, Any] = {
        **(about or {}),
        "iss": issuer,
        "sub": subject,
        "aud": grant.client_id,
        "iat": now,
        "exp": now + int(lifetime.total_seconds()),
        "auth_time": int(grant.authenticated_at.timestamp()),
        "acr": grant.acr,
        "amr": grant.amr,
    }
    if access_token is not None:
        claims["at_hash"] = half_hash(access_token, key.algorithm)
    if code is not None:
        claims["c_hash"] = half_hash(code, key.algorithm)
    if nonce is not None:
        claims["nonce"] = nonce
    if grant.session_id is not None:
        claims["sid"] = str(grant.session_id)
    return jwt.sign(key, "JWT", claims)


def read_hint(ring: Ring, issuer: str, text: str) -> dict[str, Any]:
    """The claims of an ID token that comes back as a hint: we signed it, perhaps long ago; InvalidToken otherwise."""
    claims = jwt.verify(text, {MEDIA_TYPE}, ring.find_ever)
    if claims.get("iss") != issuer or not isinstance(claims.get("sub"), str) or not isinstance(claims.get("aud"), str):
        raise jwt.InvalidToken("not an ID token of ours")
    if "auth_time" not in claims:
        # Userinfo as a JWT has the same type, and tells of no sign-in.
        raise jwt.InvalidToken("no ID token")
    return claims


def half_hash(text: str, algorithm: str) -> str:
    """The left half of a hash, as long as the ID token's algorithm hashes (Core §3.1.3.6); Ed25519 hashes with SHA-512."""
    digest = sha512(text.encode("ascii")) if algorithm == "EdDSA" else sha256(text.encode("ascii"))
    return b64url(digest.digest()[: digest.digest_size // 2])
