"""Software statements: what somebody whom the operator believes says of a client, signed (RFC 7591 §2.3).

The file that `OIDC_REGISTRATION_SOFTWARE_STATEMENT_KEYS_FILE` names binds each issuer to keys of its own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oidc_server.foundation import clock
from oidc_server.foundation.errors import Misconfigured
from oidc_server.keys import foreign
from oidc_server.keys.foreign import Keys, UnknownIssuer
from oidc_server.keys.jwt import Claims, InvalidToken

#: What is said of the statement itself, not of the client.
_ABOUT_ITSELF = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti"})


class Unapproved(Exception):
    """A statement of somebody whom the operator doesn't believe (RFC 7591 §3.2.2)."""


class Invalid(Exception):
    """A statement that is forged, damaged, or not (or no longer) valid; the text is for the log."""


class SoftwareStatements:
    """Those whose statements are believed."""

    def __init__(self, issuers: Mapping[str, Keys] | None = None) -> None:
        self._issuers = issuers or {}

    def read(self, statement: str, *, was_accepted: bool = False) -> Claims:
        """What a statement says of its client; one that was accepted before may have expired since."""
        try:
            claims = foreign.verify(statement, self._issuers)
        except UnknownIssuer as error:
            raise Unapproved(str(error)) from error
        except InvalidToken as error:
            raise Invalid(str(error)) from error
        if not was_accepted:
            _check_time(claims)
        return {name: value for name, value in claims.items() if name not in _ABOUT_ITSELF}


def _check_time(claims: Claims) -> None:
    now = clock.now().timestamp()
    if "exp" in claims and not now < _seconds(claims["exp"]):
        raise Invalid("expired")
    if "nbf" in claims and now < _seconds(claims["nbf"]):
        raise Invalid("not valid yet")


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid("a time that is no number")
    return float(value)


def load(file: Path | None) -> SoftwareStatements:
    """Read the operator's file; Misconfigured if it is not what it should be."""
    if file is None:
        return SoftwareStatements()
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(
            f"OIDC_REGISTRATION_SOFTWARE_STATEMENT_KEYS_FILE: {file} cannot be read as JSON ({type(error).__name__})."
        ) from error
    if not isinstance(document, dict) or not document:
        raise Misconfigured(
            f'OIDC_REGISTRATION_SOFTWARE_STATEMENT_KEYS_FILE: {file} must hold {{"ISSUER": {{"keys": [...]}}}}.'
        )
    return SoftwareStatements({issuer: _keys(file, issuer, keys) for issuer, keys in document.items()})


def _keys(file: Path, issuer: str, document: Any) -> Keys:
    try:
        return foreign.key_set(document)
    except ValueError as error:
        raise Misconfigured(
            f"OIDC_REGISTRATION_SOFTWARE_STATEMENT_KEYS_FILE: the keys of {issuer!r} in {file}: {error}."
        ) from error
