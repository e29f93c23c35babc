"""JWTs: the one door to JOSE. Every algorithm is named; nothing in a token chooses how it is checked (RFC 8725 §3.1)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from oidc_server.foundation.encoding import b64url, compact_json

MAX_LENGTH = 16_384
_RSA_BITS = 2048
#: What we sign with (RFC 7518 §3, RFC 8037): the default first.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
# RFC 9864 gives it other names; under this one relying parties have known it since RFC 8037.
jws.JWSRegistry.algorithms["EdDSA"].security_warning = None
_PUBLIC_MEMBERS = frozenset({"kty", "n", "e", "crv", "x", "y"})

Claims = dict[str, Any]
JoseKey = RSAKey | ECKey | OKPKey


class InvalidToken(Exception):
    """A token that is not one of ours; the text is for the log."""


@dataclass(frozen=True)
class Key:
    """One key, ready for use; `private` is None where it may only verify."""

    kid: str
    algorithm: str
    public_jwk: dict[str, str]
    public: JoseKey = field(repr=False)
    private: JoseKey | None = field(repr=False, default=None)
    headers: dict[str, str] = field(repr=False, default_factory=dict)
    """The header of each media type that it has signed, encoded once."""


def generate(algorithm: str = "RS256") -> tuple[str, dict[str, str], bytes]:
    """A new key: its kid (RFC 7638 thumbprint), public JWK and private JWK as bytes; RSA takes up to a second."""
    key = _generate(algorithm)
    kid = key.thumbprint()
    public = {name: str(value) for name, value in key.as_dict(private=False).items() if name in _PUBLIC_MEMBERS}
    return kid, {**public, "kid": kid, "use": "sig", "alg": algorithm}, json.dumps(key.as_dict(private=True)).encode()


def _generate(algorithm: str) -> JoseKey:
    if algorithm == "ES256":
        return ECKey.generate_key("P-256")
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519")
    return RSAKey.generate_key(_RSA_BITS)


def load(kid: str, algorithm: str, public_jwk: dict[str, str], private_jwk: bytes | None) -> Key:
    """Make a stored key ready for use."""
    private = _import(json.loads(private_jwk)) if private_jwk else None
    return Key(kid, algorithm, public_jwk, _import(dict(public_jwk)), private)


def _import(jwk: dict[str, Any]) -> JoseKey:
    key = JWKRegistry.import_key(jwk)
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        raise ValueError("a signing key must be asymmetric")
    return key


def sign(key: Key, media_type: str, claims: Claims) -> str:
    """A signed JWT whose header names its type (RFC 8725 §3.11) and key."""
    if key.private is None:
        raise ValueError("this key only verifies")
    header = key.headers.get(media_type)
    if header is None:
        header = b64url(compact_json({"alg": key.algorithm, "kid": key.kid, "typ": media_type}))
        key.headers[media_type] = header
    signed = f"{header}.{b64url(compact_json(claims))}"
    return f"{signed}.{b64url(_algorithm(key.algorithm).sign(signed.encode(), key.private))}"


def _algorithm(name: str) -> Any:
    if name not in ALGORITHMS:
        raise ValueError(f"{name} is not one of {ALGORITHMS}")
    return jws.JWSRegistry.algorithms[name]


def verify(token: str, media_types: set[str], find: Callable[[str], Key | None]) -> Claims:
    """The claims of a token signed by the key that `find` knows under its kid; InvalidToken otherwise.

    Says nothing about expiry, issuer or audience: whoever asks knows what to expect there.
    """
    if len(token) > MAX_LENGTH or token.count(".") != 2:
        raise InvalidToken("not a JWT of ours")

    def choose(received: Any) -> JoseKey:
        header = received.headers()
        if _text(header, "typ").lower().removeprefix("application/") not in media_types:
            raise InvalidToken("another type of token")
        key = find(_text(header, "kid"))
        if key is None or key.algorithm != header.get("alg"):
            raise InvalidToken("unknown kid")
        return key.public

    try:
        claims = json.loads(jws.deserialize_compact(token, choose, list(ALGORITHMS)).payload)
    except InvalidToken:
        raise
    except Exception as error:
        # Whatever a hostile header brings joserfc to raise, beyond its own errors.
        raise InvalidToken(type(error).__name__) from error
    if not isinstance(claims, dict):
        raise InvalidToken("no claims")
    return claims


def _text(header: dict[str, Any], name: str) -> str:
    value = header.get(name, "")
    return value if isinstance(value, str) else ""
