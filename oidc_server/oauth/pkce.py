"""Proof Key for Code Exchange: S256 and nothing else (RFC 7636, RFC 9700 §2.1.1)."""

import re
from hashlib import sha256
from hmac import compare_digest

from oidc_server.foundation.encoding import b64url
from oidc_server.oauth.errors import InvalidGrant, InvalidRequest

METHODS = ("S256",)

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def check_challenge(challenge: str | None, method: str | None, *, is_required: bool = True) -> str | None:
    """The challenge of an authorization request; InvalidRequest unless it is there, if required, and S256 (RFC 7636 §4.3)."""
    if challenge is None and method is None and not is_required:
        return None
    if challenge is None:
        raise InvalidRequest("code_challenge is missing: this server requires PKCE (RFC 7636).")
    if method not in METHODS:
        received = (
            "no code_challenge_method, which means plain" if method is None else f"code_challenge_method {method!r}"
        )
        raise InvalidRequest(f"Received {received}, expected S256 (RFC 7636 4.3).")
    if not _CHALLENGE.fullmatch(challenge):
        raise InvalidRequest(
            "code_challenge must be the base64url of a SHA-256 hash: 43 characters without padding (RFC 7636 4.2)."
        )
    return challenge


def verify(verifier: str | None, challenge: str | None) -> None:
    """Raise unless the verifier answers the challenge (RFC 7636 §4.6)."""
    if challenge is None and verifier is None:
        return
    if challenge is None:
        raise InvalidGrant(
            "code_verifier was sent, but the authorization request had no code_challenge (RFC 9700 4.8.2)."
        )
    if verifier is None:
        raise InvalidRequest("code_verifier is missing: the authorization request had a code_challenge (RFC 7636 4.5).")
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidGrant("code_verifier must have 43 to 128 unreserved characters (RFC 7636 4.1).")
    if not compare_digest(b64url(sha256(verifier.encode("ascii")).digest()), challenge):
        raise InvalidGrant("code_verifier does not answer the code_challenge (RFC 7636 4.6).")
