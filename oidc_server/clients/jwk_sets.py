"""JWK Sets as clients send them: which of their keys we may use (RFC 7517 §5)."""

from typing import Any

MAX_KEYS = 20
_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}


def read(document: Any) -> list[dict[str, Any]]:
    """The public keys of a set, without those of a kind that we don't know; ValueError if it is none or holds secrets."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise ValueError(f"must be a JWK Set: an object whose keys are an array of at most {MAX_KEYS} (RFC 7517 §5)")
    for jwk in keys:
        if not isinstance(jwk, dict) or jwk.get("kty") == "oct" or "d" in jwk:
            raise ValueError("must hold public keys only (RFC 7517 §5)")
    return [jwk for jwk in keys if _is_known(jwk)]


def _is_known(jwk: dict[str, Any]) -> bool:
    members = _MEMBERS.get(str(jwk.get("kty")), ())
    return bool(members) and all(isinstance(jwk.get(name), str) for name in members)
