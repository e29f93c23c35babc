"""Request objects: an authorization request as a JWT, by value or by reference (OpenID Connect Core §6, RFC 9101)."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from oidc_server.clients import client_secrets, key_sets
from oidc_server.clients.key_sets import ASYMMETRIC, SYMMETRIC, KeySets, Unverified
from oidc_server.clients.registry import Client
from oidc_server.foundation import clock
from oidc_server.foundation.database import wait
from oidc_server.foundation.sealing import Sealing
from oidc_server.keys import jwt
from oidc_server.keys.jwt import InvalidToken
from oidc_server.keys.ring import Ring
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.errors import InvalidRequest, InvalidRequestObject, InvalidRequestUri, RequestUriNotSupported

Fetch = Callable[[str], Awaitable[bytes]]

_TYPES = frozenset({"", "jwt", "oauth-authz-req+jwt"})
#: What the JWT says of itself, which is no parameter.
_OF_THE_JWT = frozenset({"iss", "aud", "sub", "exp", "nbf", "iat", "jti"})
_SKEW_SECONDS = 30


class RequestObjects:
    """Reads what clients signed; call it inside `Database.run`."""

    def __init__(self, issuer: str, sealing: Sealing, sets: KeySets, ring: Ring, fetch: Fetch | None) -> None:
        self._issuer = issuer
        self._sealing = sealing
        self._key_sets = sets
        self._ring = ring
        self._fetch = fetch

    @property
    def by_reference(self) -> bool:
        """Whether `request_uri` is taken."""
        return self._fetch is not None

    def values(self, asked: AuthorizationRequest) -> dict[str, str] | None:
        """All parameters, those in the request object before those beside it; None if there is no request object."""
        text, uri = asked.get("request"), asked.get("request_uri")
        if text is not None and uri is not None:
            raise InvalidRequest("request and request_uri exclude each other (OpenID Connect Core 6.1).")
        if text is None and uri is None:
            return None
        sent = text if text is not None else self._fetched(asked.client, uri or "")
        claims = self._verified(asked.client, self._decrypted(asked.client, sent))
        self._check(asked, claims)
        inside = {name: _text(value) for name, value in claims.items() if name not in _OF_THE_JWT}
        beside = {name: value for name, value in asked.values.items() if name not in ("request", "request_uri")}
        return {**beside, **{name: value for name, value in inside.items() if value}}

    def _fetched(self, client: Client, uri: str) -> str:
        if self._fetch is None:
            raise RequestUriNotSupported("The parameter request_uri is not supported.")
        if uri.partition("#")[0] not in {one.partition("#")[0] for one in client.metadata.request_uris}:
            raise InvalidRequestUri("request_uri is not one of the client's request_uris.")
        try:
            return wait(self._fetch(uri)).decode("ascii").strip()
        except Exception as error:
            raise InvalidRequestUri(
                "request_uri cannot be fetched.", because=f"{type(error).__name__}: {error}"
            ) from error

    def _decrypted(self, client: Client, text: str) -> str:
        """The signed object inside an encrypted one, and any other as it is (RFC 9101 §6.1)."""
        expected = client.metadata.request_object_encryption_alg
        if not jwt.is_encrypted(text):
            if expected is not None:
                raise InvalidRequestObject("The request object must be encrypted: the client has registered so.")
            return text
        try:
            return jwt.decrypt(text, self._ring.decrypting, expected, client.metadata.request_object_encryption_enc)
        except InvalidToken as error:
            raise InvalidRequestObject("The request object cannot be decrypted.", because=str(error)) from error

    def _verified(self, client: Client, text: str) -> dict[str, Any]:
        registered = client.metadata.request_object_signing_alg
        try:
            header = key_sets.header_of(text)
            if str(header.get("typ", "")).lower().removeprefix("application/") not in _TYPES:
                raise Unverified("another type of token")
            if header.get("alg") == "none":
                return self._unsigned(text, registered)
            if str(header.get("alg")).startswith("HS"):
                return self._by_secret(client, text, registered)
            return self._key_sets.verify(client, text, (registered,) if registered else ASYMMETRIC)
        except Unverified as error:
            raise InvalidRequestObject("The request object cannot be verified.", because=str(error)) from error

    def _unsigned(self, text: str, registered: str | None) -> dict[str, Any]:
        """For clients that registered `none` or left it open: it says no more than plain parameters do (Registration §2)."""
        if registered not in (None, "none") or not text.endswith("."):
            raise Unverified("alg none, and the client registered to sign, or there is a signature")
        return key_sets.claims_of(text)

    def _by_secret(self, client: Client, text: str, registered: str | None) -> dict[str, Any]:
        allowed = (registered,) if registered else SYMMETRIC
        for secret in client_secrets.readable(self._sealing, client.client_id, client.secrets):
            claims = key_sets.verify_with_secret(text, secret, allowed)
            if claims is not None:
                return claims
        raise Unverified("signed with none of the client's secrets")

    def _check(self, asked: AuthorizationRequest, claims: dict[str, Any]) -> None:
        """Whether it is meant for us, by this client, now (RFC 9101 §4, §10.8; OpenID Connect Core §6.1)."""
        client_id = asked.client.client_id
        audience = claims.get("aud", self._issuer)
        named = audience if isinstance(audience, list) else [audience]
        now = clock.timestamp()
        faults = {
            "its iss is not the client": claims.get("iss", client_id) != client_id,
            "its sub is the client: it could be an assertion": claims.get("sub") == client_id,
            "its aud is not this server": not {self._issuer, f"{self._issuer}/authorize"} & set(map(str, named)),
            "it has expired": not now < _number(claims.get("exp"), now + 1) + _SKEW_SECONDS,
            "it is not valid yet": not _number(claims.get("nbf"), now) <= now + _SKEW_SECONDS,
            "it holds another client_id": claims.get("client_id", client_id) != client_id,
            "it holds another response_type": _differ(claims.get("response_type"), asked.get("response_type")),
            "it holds a request object itself": not {"request", "request_uri"}.isdisjoint(claims),
        }
        if fault := next((text for text, is_so in faults.items() if is_so), None):
            raise InvalidRequestObject(f"The request object is refused: {fault} (RFC 9101).")


def _differ(inside: Any, beside: str | None) -> bool:
    return inside is not None and beside is not None and inside != beside


def _number(value: Any, otherwise: float) -> float:
    if value is None:
        return otherwise
    return float(value) if type(value) in (int, float) and abs(value) < 10**11 else float("nan")


def _text(value: Any) -> str:
    """A claim as the parameter that it stands for: JSON for what is no text."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"))
