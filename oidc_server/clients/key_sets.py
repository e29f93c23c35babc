"""Key sets: the keys with which clients sign what they send us (RFC 7517), by value or fetched from their `jwks_uri`.

Besides `keys/jwt.py` the only door to JOSE. Every algorithm is named; nothing in a token chooses how it is checked.
"""

import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import structlog
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe, jws
from joserfc.jwk import JWKRegistry, OctKey

from oidc_server.clients import jwk_sets
from oidc_server.clients.metadata import DEFAULT_ENCRYPTION
from oidc_server.clients.registry import Client
from oidc_server.foundation import strict_json
from oidc_server.foundation.database import wait
from oidc_server.foundation.encoding import compact_json
from oidc_server.foundation.errors import BadRequest

#: What clients may sign with (RFC 7518 §3.1, RFC 8037 §3.1).
ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
SYMMETRIC = ("HS256", "HS384", "HS512")
_MAX_LENGTH = 16_384
_KEPT_SECONDS = 600
_AGAIN_AFTER_SECONDS = 10
_SETS_AT_MOST = 1_000
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}

Claims = dict[str, Any]
Fetch = Callable[[str], Awaitable[bytes]]

log = structlog.get_logger(__name__)


class Unverified(Exception):
    """A JWT that the client can't be shown to have signed; the text is for the log."""


@dataclass(frozen=True)
class Envelope:
    """What a signed JWT is sent in: a client's key, for it alone to open, or nothing."""

    key: Any = None
    header: Mapping[str, str] = field(default_factory=dict)

    def around(self, signed: str) -> str:
        """The JWT as it is sent: as it is, or encrypted and so nested (RFC 7519 §5.2)."""
        return signed if self.key is None else self._encrypted({"cty": "JWT"}, signed)

    def around_claims(self, claims: Claims) -> str:
        """Claims that nobody signs, encrypted: a JWT too (RFC 7519 §3)."""
        return self._encrypted({}, compact_json(claims))

    def _encrypted(self, more: Mapping[str, str], text: str | bytes) -> str:
        header = {**self.header, **more}
        return jwe.encrypt_compact(header, text, self.key, algorithms=[header["alg"], header["enc"]])


@dataclass
class _Fetched:
    keys: list[dict[str, Any]]
    at: float = field(default_factory=monotonic)


class KeySets:
    """Every client's keys, as this node knows them; call it inside `Database.run`."""

    def __init__(self, fetch: Fetch | None = None) -> None:
        self._fetch = fetch
        self._fetched: OrderedDict[str, _Fetched] = OrderedDict()

    def verify(self, client: Client, token: str, algorithms: Sequence[str]) -> Claims:
        """The claims of a JWT that this client signed with one of its keys; Unverified otherwise.

        A kid that is not in its set is looked for once more at its `jwks_uri`: clients rotate their keys, too.
        """
        return _strictly_read(self._verified(self._sets(client, header_of(token).get("kid")), token, algorithms))

    def verify_published(self, jwks_uri: str, token: str, algorithms: Sequence[str]) -> Claims:
        """The claims, whatever they hold, of a JWT signed with one of the keys published there; Unverified otherwise."""
        if self._fetch is None:
            raise Unverified("no keys can be fetched")
        try:
            claims = json.loads(self._verified(self._published(jwks_uri), token, algorithms))
        except (ValueError, RecursionError) as error:
            raise Unverified("its claims cannot be read") from error
        return claims if isinstance(claims, dict) else {}

    def _verified(self, sets: Iterable[list[dict[str, Any]]], token: str, algorithms: Sequence[str]) -> bytes:
        header = header_of(token)
        algorithm = _algorithm(header, algorithms)
        for keys in sets:
            for jwk in _fitting(keys, algorithm, header.get("kid")):
                payload = _verified(token, jwk, algorithm)
                if payload is not None:
                    return payload
        raise Unverified("signed by none of the keys")

    def require_key(self, client: Client, wanted: Any) -> None:
        """Raise Unverified unless this public key (of `cryptography`) is one of the client's (RFC 8705 §2.2.2)."""
        spki = _spki(wanted)
        for keys in self._sets(client, None):
            if any(_is_key(jwk, spki) for jwk in keys):
                return
        raise Unverified("its key is none of the client's keys")

    def envelope(self, client: Client, algorithm: str, encryption: str | None) -> Envelope:
        """The first of the client's keys that can be encrypted to like this, ready for use; Unverified if none fits."""
        header = {"alg": algorithm, "enc": encryption or DEFAULT_ENCRYPTION}
        for keys in self._sets(client, None):
            for jwk in keys:
                if _is_to_encrypt(jwk, algorithm) and (envelope := _envelope(jwk, header)):
                    return envelope
        raise Unverified(f"no key of the client fits {algorithm}")

    def _sets(self, client: Client, kid: Any) -> Any:
        """The client's keys; then, where a kid is missing or nothing fitted, as they are now."""
        metadata = client.metadata
        if metadata.jwks is not None:
            yield metadata.jwks.get("keys", [])
            return
        if metadata.jwks_uri is None or self._fetch is None:
            raise Unverified("the client has registered no keys")
        yield from self._published(metadata.jwks_uri)

    def _published(self, uri: str) -> Iterator[list[dict[str, Any]]]:
        """The keys published there; then, where a kid is missing or nothing fitted, as they are now."""
        yield self._get(uri, older_than=_KEPT_SECONDS)
        yield self._get(uri, older_than=_AGAIN_AFTER_SECONDS)

    def _get(self, uri: str, *, older_than: float) -> list[dict[str, Any]]:
        known = self._fetched.get(uri)
        if known is not None and monotonic() - known.at < older_than:
            self._fetched.move_to_end(uri)
            return known.keys
        assert self._fetch is not None  # noqa: S101 - asked before
        try:
            keys = jwk_sets.read(json.loads(wait(self._fetch(uri))))
        except Exception as error:
            log.warning("jwks_uri_failed", uri=uri[:300], because=f"{type(error).__name__}: {error}"[:300])
            # Asked again in a moment, not at every request; what is known stays good until then.
            keys = known.keys if known is not None else []
        self._fetched[uri] = _Fetched(keys)
        if len(self._fetched) > _SETS_AT_MOST:
            self._fetched.popitem(last=False)
        return keys


def _spki(key: Any) -> bytes:
    found: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def _is_key(jwk: dict[str, Any], spki: bytes) -> bool:
    try:
        return _spki(JWKRegistry.import_key(jwk).public_key) == spki
    except Exception:
        return False  # a key that nobody can use is nobody's


def _is_to_encrypt(jwk: dict[str, Any], algorithm: str) -> bool:
    key_type = "RSA" if algorithm.startswith("RSA") else "EC"
    return jwk.get("kty") == key_type and jwk.get("use", "enc") == "enc" and jwk.get("alg", algorithm) == algorithm


def _envelope(jwk: dict[str, Any], header: dict[str, str]) -> Envelope | None:
    try:
        envelope = Envelope(JWKRegistry.import_key(jwk), header | ({"kid": jwk["kid"]} if "kid" in jwk else {}))
        # Whether it fits, its use shows: it may be too small, on no curve, or for other deeds.
        envelope.around("")
    except Exception:
        return None  # a key that nobody can use fits nothing
    return envelope


def verify_with_secret(token: str, secret: bytes, algorithms: Sequence[str]) -> Claims | None:
    """The claims of a JWT that was signed with a shared secret, or None."""
    algorithm = _algorithm(header_of(token), algorithms)
    payload = _payload(token, OctKey.import_key(secret), algorithm) if secret else None
    return None if payload is None else _strictly_read(payload)


def header_of(token: str) -> dict[str, Any]:
    """A JWT's header, not verified; Unverified if there is none or it wants what we don't do (RFC 8725 §3.10)."""
    if len(token) > _MAX_LENGTH or token.count(".") != 2:
        raise Unverified("not a signed JWT")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except Exception as error:
        raise Unverified("its header cannot be read") from error
    if "crit" in header or "b64" in header:
        raise Unverified("its header holds crit or b64")
    return dict(header)


def claims_of(token: str) -> Claims:
    """A JWT's claims, not verified: only to find out whose keys to verify them with."""
    header_of(token)
    try:
        payload = jws.extract_compact(token.encode()).payload
    except Exception as error:
        raise Unverified("its claims cannot be read") from error
    return _strictly_read(payload)


def _strictly_read(payload: bytes) -> Claims:
    try:
        return strict_json.parse(payload)
    except BadRequest as error:
        raise Unverified(f"its claims: {error}") from error


def _algorithm(header: dict[str, Any], allowed: Sequence[str]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        raise Unverified(f"alg {str(algorithm)[:20]!r}, expected one of {' '.join(allowed)}")
    return algorithm


def _fitting(keys: list[dict[str, Any]], algorithm: str, kid: Any) -> list[dict[str, Any]]:
    return [
        jwk
        for jwk in keys
        if jwk.get("kty") == _KEY_TYPES[algorithm[:2]]
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", algorithm) == algorithm
        and (kid is None or jwk.get("kid") in (None, kid))
    ]


def _verified(token: str, jwk: dict[str, Any], algorithm: str) -> bytes | None:
    try:
        key = JWKRegistry.import_key(jwk)
    except Exception:
        return None  # a key that nobody can use fits nothing
    return _payload(token, key, algorithm)


def _payload(token: str, key: Any, algorithm: str) -> bytes | None:
    try:
        payload: bytes | None = jws.deserialize_compact(token, key, [algorithm]).payload
    except Exception:
        return None
    return payload
