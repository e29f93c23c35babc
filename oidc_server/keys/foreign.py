"""JWTs that others signed, read with public keys that we were given; every algorithm is named (RFC 8725 §3.1)."""

from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.jwk import KeySet

from oidc_server.foundation import strict_json
from oidc_server.foundation.encoding import from_b64url
from oidc_server.foundation.errors import BadRequest
from oidc_server.keys.jwt import MAX_LENGTH, Claims, InvalidToken

_ALGORITHMS = ["RS256", "PS256", "ES256"]
_PUBLIC_KINDS = frozenset({"RSA", "EC"})

Keys = KeySet


class UnknownIssuer(InvalidToken):
    """A token of somebody whose keys we don't have."""


def key_set(document: Any) -> Keys:
    """A JWKS of public keys, ready for use; ValueError for anything else, above all for keys that are secret."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not keys:
        raise ValueError('expected {"keys": [...]} with at least one key (RFC 7517 §5)')
    for key in keys:
        if not isinstance(key, dict) or key.get("kty") not in _PUBLIC_KINDS or "d" in key:
            raise ValueError(f"expected public keys of the types {', '.join(sorted(_PUBLIC_KINDS))}")
    try:
        return KeySet.import_key_set({"keys": [dict(key) for key in keys]})
    except Exception as error:
        # Whatever a damaged key brings joserfc and cryptography to raise, beyond their own errors.
        raise ValueError(f"a key cannot be read ({type(error).__name__})") from error


def verify(token: str, keys: Mapping[str, Keys]) -> Claims:
    """The claims of a token that its issuer, one of those whose keys we have, has signed; InvalidToken otherwise."""
    claims = _claims(token)
    issuer = claims.get("iss")
    if not isinstance(issuer, str):
        raise InvalidToken("no issuer")
    if issuer not in keys:
        raise UnknownIssuer("unknown issuer")
    try:
        jws.deserialize_compact(token, keys[issuer], _ALGORITHMS)
    except Exception as error:
        # Whatever a hostile header brings joserfc to raise, beyond its own errors.
        raise InvalidToken(type(error).__name__) from error
    return claims


def _claims(token: str) -> Claims:
    if len(token) > MAX_LENGTH or token.count(".") != 2:
        raise InvalidToken("not a JWT")
    try:
        return strict_json.parse(from_b64url(token.split(".")[1]))
    except (ValueError, BadRequest) as error:
        raise InvalidToken("its claims cannot be read") from error
