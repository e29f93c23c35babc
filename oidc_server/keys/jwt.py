"""JWTs: the one door to JOSE. Every algorithm is named; nothing in a token chooses how it is checked (RFC 8725 §3.1)."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers
from joserfc import jwe, jws
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from oidc_server.foundation.encoding import b64url, compact_json, from_b64url

log = structlog.get_logger(__name__)

MAX_LENGTH = 16_384
_RSA_BITS = 2048
#: What we sign with (RFC 7518 §3, RFC 8037): the default first.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
# RFC 9864 gives it other names; under this one relying parties have known it since RFC 8037.
jws.JWSRegistry.algorithms["EdDSA"].security_warning = None
#: What others encrypt to us with (RFC 7518 §4): how the content's key is sent, and what the content is encrypted with.
ENCRYPTED_TO_US = ("RSA-OAEP-256", "ECDH-ES")
CONTENT_ENCRYPTED_TO_US = ("A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512")
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
    use = "enc" if algorithm in ENCRYPTED_TO_US else "sig"
    return kid, {**public, "kid": kid, "use": use, "alg": algorithm}, json.dumps(key.as_dict(private=True)).encode()


def _generate(algorithm: str) -> JoseKey:
    if algorithm in ("ES256", "ECDH-ES"):
        return ECKey.generate_key("P-256")
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519")
    return RSAKey.generate_key(_RSA_BITS)


def load(kid: str, algorithm: str, public_jwk: dict[str, str], private_jwk: bytes | None) -> Key:
    """Make a stored key ready for use."""
    private = _import_private(json.loads(private_jwk)) if private_jwk else None
    return Key(kid, algorithm, public_jwk, _import(dict(public_jwk)), private)


def _import_private(jwk: dict[str, Any]) -> JoseKey:
    """A private key of our own: what was unsealed is what we made, so an RSA key's primes are not proven again (15 ms)."""
    if jwk["kty"] != "RSA":
        return _import(jwk)
    n, e, d, p, q, dp, dq, qi = (
        int.from_bytes(from_b64url(jwk[name])) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi")
    )
    numbers = RSAPrivateNumbers(p, q, d, dp, dq, qi, RSAPublicNumbers(e, n))
    return RSAKey.import_key(numbers.private_key(unsafe_skip_rsa_key_validation=True))


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


def is_encrypted(token: str) -> bool:
    """Whether this looks like a JWE and not like a JWS (RFC 7516 §9)."""
    return token.count(".") == 4


def decrypt(
    token: str, find: Callable[[str, str], Iterable[Key]], algorithm: str | None = None, encryption: str | None = None
) -> str:
    """What a JWE holds that was encrypted to a key that `find` knows by its algorithm and kid; InvalidToken otherwise.

    `algorithm` and `encryption`, where they are given, are the only ones taken. Nothing is done that is not named above:
    nothing compressed, no password, no key that the token brings along (RFC 8725 §3).
    """
    header = _header(token)
    wanted = _text(header, "alg")
    if {"zip", "crit"} & set(header) or wanted not in ((algorithm,) if algorithm else ENCRYPTED_TO_US):
        raise InvalidToken("its header wants what we don't do")
    allowed = [wanted, *([encryption] if encryption else CONTENT_ENCRYPTED_TO_US)]
    for key in find(wanted, _text(header, "kid")):
        if key.private is None:
            continue
        try:
            return (jwe.decrypt_compact(token, key.private, algorithms=allowed).plaintext or b"").decode("ascii")
        except Exception as error:
            # Whatever a hostile header brings joserfc to raise, beyond its own errors.
            log.debug("jwe_not_for_key", kid=key.kid, because=type(error).__name__)
    raise InvalidToken("none of our keys opens it")


def _header(token: str) -> Claims:
    if len(token) > MAX_LENGTH or not is_encrypted(token):
        raise InvalidToken("not a JWE for us")
    try:
        header = json.loads(from_b64url(token.split(".", maxsplit=1)[0]))
    except (ValueError, RecursionError) as error:
        raise InvalidToken("its header cannot be read") from error
    if not isinstance(header, dict):
        raise InvalidToken("no header")
    return header


def _text(header: dict[str, Any], name: str) -> str:
    value = header.get(name, "")
    return value if isinstance(value, str) else ""
