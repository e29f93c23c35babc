"""Access tokens: signed JWTs that a resource server checks by itself (RFC 9068)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from oidc_server.foundation import clock
from oidc_server.foundation.identifiers import new_secret
from oidc_server.keys import jwt
from oidc_server.keys.ring import Ring
from oidc_server.tokens.grants import Granted

MEDIA_TYPE = "at+jwt"


@dataclass(frozen=True)
class AccessToken:
    """What a valid access token says."""

    claims: dict[str, Any]

    @property
    def client_id(self) -> str:
        """The client it was issued to."""
        return str(self.claims["client_id"])

    @property
    def scopes(self) -> frozenset[str]:
        """What it allows."""
        return frozenset(str(self.claims.get("scope", "")).split())

    @property
    def audience(self) -> list[str]:
        """The resource servers it is meant for."""
        audience = self.claims["aud"]
        return [audience] if isinstance(audience, str) else list(audience)

    @property
    def grant_id(self) -> UUID | None:
        """The grant it rests on; none if the client acts for itself."""
        return UUID(self.claims["grant_id"]) if "grant_id" in self.claims else None

    @property
    def jti(self) -> str:
        """Its own id."""
        return str(self.claims["jti"])

    @property
    def issued_at(self) -> datetime:
        """When it was issued, to the second."""
        return datetime.fromtimestamp(self.claims["iat"], tz=clock.now().tzinfo)

    @property
    def expires_at(self) -> datetime:
        """When it expires."""
        return datetime.fromtimestamp(self.claims["exp"], tz=clock.now().tzinfo)


def sign(
    key: jwt.Key, issuer: str, *, subject: str, client_id: str, audience: Collection[str], scopes: Collection[str],
    lifetime: timedelta, grant: Granted | None = None, entitled: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """A new access token (RFC 9068 §2.2); `entitled` holds the person's roles and groups, where it tells them (§2.2.3.1)."""
    now = clock.timestamp()
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject,
        "aud": next(iter(audience)) if len(audience) == 1 else list(audience),
        "client_id": client_id,
        "iat": now,
        "exp": now + int(lifetime.total_seconds()),
        "jti": new_secret(16),
        **(entitled or {}),
    }
    if scopes:
        claims["scope"] = " ".join(sorted(scopes))
    if grant is not None:
        claims["grant_id"] = str(grant.id)
        claims["auth_time"] = int(grant.authenticated_at.timestamp())
        claims["acr"] = grant.acr
        claims["amr"] = grant.amr
    return jwt.sign(key, MEDIA_TYPE, claims)


def read(ring: Ring, issuer: str, text: str) -> AccessToken:
    """The token, if we signed it and it has not expired; InvalidToken otherwise. Whether it was revoked, `inspection` knows."""
    claims = jwt.verify(text, {MEDIA_TYPE}, ring.find)
    if claims.get("iss") != issuer:
        raise jwt.InvalidToken("another issuer")
    if clock.timestamp() >= claims.get("exp", 0):
        raise jwt.InvalidToken("expired")
    return AccessToken(claims)
