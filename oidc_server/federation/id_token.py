"""ID tokens of upstreams: what must be so before one is believed (OpenID Connect Core §3.1.3.7).

Pure: the claims have been verified with the provider's key already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256, sha512
from hmac import compare_digest
from typing import Any

from oidc_server.federation.refusals import NotBelieved, NotFreshEnough
from oidc_server.federation.told import MAX_SUBJECT
from oidc_server.foundation import clock
from oidc_server.foundation.encoding import b64url

#: Never `none`, and never a shared secret: whoever knows ours could sign for the provider (RFC 8725 §3.1).
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
#: A logout token or an access token of the same provider is no ID token (RFC 8725 §3.11).
TYPES = frozenset({"", "jwt"})
_SKEW_SECONDS = 60
_OLDEST_SECONDS = 3600


@dataclass(frozen=True)
class Expected:
    """What an ID token must say."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    sent_at: int
    """When the person was sent there."""
    max_age: int | None = None
    """Seconds since they proved there who they are, at most."""
    anew: bool = False
    """They were to prove it once more."""
    asks_anew: bool = False
    """The provider is believed to see to that, though it doesn't say so."""

    @property
    def is_taken_on_trust(self) -> bool:
        """Whether a proof counts as made just now, though nothing says when it was."""
        return self.anew and self.asks_anew


def check(claims: Mapping[str, Any], header: Mapping[str, Any], expected: Expected) -> None:
    """Raise NotBelieved unless it was made for us, for this very attempt; NotFreshEnough if the person proved too little."""
    if str(header.get("typ", "")).lower().removeprefix("application/") not in TYPES:
        raise NotBelieved("ID token: another type of token")
    if claims.get("iss") != expected.issuer:
        raise NotBelieved("ID token: another issuer")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise NotBelieved("ID token: no subject")
    _check_audience(claims, expected.client_id)
    _check_times(claims)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected.nonce.encode()):
        raise NotBelieved("ID token: another nonce")
    _check_access_token(claims, str(header["alg"]), expected.access_token)
    _check_freshness(claims, expected)


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if client_id not in named:
        raise NotBelieved("ID token: for another audience")
    if len(named) > 1 and "azp" not in claims:
        raise NotBelieved("ID token: several audiences and no azp")
    if claims.get("azp", client_id) != client_id:
        raise NotBelieved("ID token: issued to another client")


def _check_times(claims: Mapping[str, Any]) -> None:
    now = clock.timestamp()
    if not now - _SKEW_SECONDS < number(claims.get("exp")):
        raise NotBelieved("ID token: exp is missing or past")
    if not now - _OLDEST_SECONDS < number(claims.get("iat")) <= now + _SKEW_SECONDS:
        raise NotBelieved("ID token: iat is missing, old or in the future")
    if "nbf" in claims and not number(claims["nbf"]) <= now + _SKEW_SECONDS:
        raise NotBelieved("ID token: nbf lies in the future")


def _check_access_token(claims: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    if "at_hash" not in claims:
        return
    digest = (sha512 if algorithm == "EdDSA" else sha256)(access_token.encode()).digest()
    if claims["at_hash"] != b64url(digest[: len(digest) // 2]):
        raise NotBelieved("ID token: at_hash is another access token's")


def _check_freshness(claims: Mapping[str, Any], expected: Expected) -> None:
    """The application wants a recent proof: a session of last week at the provider is none (Core §3.1.2.1, `max_age`)."""
    auth_time = number(claims.get("auth_time"))
    if auth_time > clock.timestamp() + _SKEW_SECONDS:
        raise NotBelieved("ID token: auth_time lies in the future")
    if "auth_time" not in claims and expected.is_taken_on_trust:
        return
    if auth_time >= expected.sent_at - _SKEW_SECONDS:
        return
    if expected.anew and "auth_time" in claims:
        raise NotFreshEnough("ID token: auth_time is before this attempt")
    if expected.max_age is not None and not clock.timestamp() - auth_time <= expected.max_age + _SKEW_SECONDS:
        raise NotFreshEnough("ID token: auth_time is missing or too old for max_age")


def authenticated_at(claims: Mapping[str, Any], expected: Expected) -> datetime | None:
    """When the person proved there who they are, None if nobody says: that is not now, for they may have come in silence."""
    auth_time, now = number(claims.get("auth_time")), clock.timestamp()
    if auth_time > 0:
        return datetime.fromtimestamp(min(auth_time, now), UTC)
    return clock.now() if "auth_time" not in claims and expected.is_taken_on_trust else None


def number(value: Any) -> float:
    """A NumericDate (RFC 7519 §2), or what is neither before nor after any time."""
    return float(value) if type(value) in (int, float) and abs(value) < 10**11 else float("nan")
