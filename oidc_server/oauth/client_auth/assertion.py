"""private_key_jwt and client_secret_jwt: the client signs a statement about itself (RFC 7523 §3, OpenID Connect Core §9)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from oidc_server.clients import client_secrets, key_sets, used_assertions
from oidc_server.clients.key_sets import ASYMMETRIC, SYMMETRIC, KeySets, Unverified
from oidc_server.clients.registry import Client, Registry
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.sealing import Sealing
from oidc_server.oauth.client_auth.presented import Presented
from oidc_server.oauth.errors import InvalidClient

_SKEW_SECONDS = 30
#: A request object that the client signed is no assertion (RFC 8725 §3.11).
_TYPES = frozenset({"", "jwt", "client-authentication+jwt"})
_LIVES_AT_MOST_SECONDS = 3600
_MAX_JTI = 255


class AssertionAuthentication:
    """Verifies what the client signed: by a key of its own, or with its secret."""

    methods: tuple[str, ...] = ("private_key_jwt", "client_secret_jwt")

    def __init__(self, issuer: str, database: Database, registry: Registry, sealing: Sealing, sets: KeySets) -> None:
        self._issuer = issuer
        self._database = database
        self._registry = registry
        self._sealing = sealing
        self._key_sets = sets

    def authenticate(self, presented: Presented) -> Client:
        """The client, if it signed this assertion for us, and nobody used it before."""
        client = self._registry.find(presented.client_id)
        if client is None:
            raise InvalidClient(because="unknown or disabled client")
        if presented.media_type not in _TYPES:
            raise InvalidClient(because="client_assertion: another type of token")
        try:
            claims = self._verified(client, presented)
        except Unverified as error:
            raise InvalidClient(because=f"client_assertion: {error}") from error
        self._check(client, claims, presented.endpoint)
        self._use(client, claims)
        return client

    def _verified(self, client: Client, presented: Presented) -> dict[str, Any]:
        registered = client.metadata.token_endpoint_auth_signing_alg
        by_key = presented.method == "private_key_jwt"
        allowed: Sequence[str] = (registered,) if registered else ASYMMETRIC if by_key else SYMMETRIC
        if by_key:
            return self._key_sets.verify(client, presented.assertion, allowed)
        for secret in client_secrets.readable(self._sealing, client.client_id, client.secrets):
            claims = key_sets.verify_with_secret(presented.assertion, secret, allowed)
            if claims is not None:
                return claims
        raise Unverified("signed with none of the client's secrets")

    def _check(self, client: Client, claims: Mapping[str, Any], endpoint: str) -> None:
        """Whether it says what an assertion for us must say (RFC 7523 §3)."""
        if not claims.get("iss") == claims.get("sub") == client.client_id:
            raise InvalidClient(because="client_assertion: iss and sub must be the client_id")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not {self._issuer, f"{self._issuer}/token", endpoint} & {one for one in named if isinstance(one, str)}:
            raise InvalidClient(because="client_assertion: aud is neither our issuer nor our token endpoint")
        self._check_times(claims)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI:
            raise InvalidClient(because=f"client_assertion: jti must have 1 to {_MAX_JTI} characters")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = clock.timestamp()
        if not now - _SKEW_SECONDS < _number(claims.get("exp")) <= now + _LIVES_AT_MOST_SECONDS:
            raise InvalidClient(because="client_assertion: exp is missing, past, or more than an hour ahead")
        begins = [_number(claims[name]) for name in ("nbf", "iat") if name in claims]
        if not all(one <= now + _SKEW_SECONDS for one in begins):
            raise InvalidClient(because="client_assertion: nbf or iat lies in the future")

    def _use(self, client: Client, claims: Mapping[str, Any]) -> None:
        expires_at = datetime.fromtimestamp(claims["exp"] + _SKEW_SECONDS, tz=UTC)
        with self._database.autocommit() as connection:
            if not used_assertions.use(connection, client.client_id, claims["jti"], expires_at):
                raise InvalidClient(because="client_assertion: its jti was used before")


def _number(value: Any) -> float:
    """A NumericDate (RFC 7519 §2), or what is neither before nor after any time."""
    return float(value) if type(value) in (int, float) and abs(value) < 10**11 else float("nan")
