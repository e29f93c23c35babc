"""Identifiers: names for rows, and values that nobody can guess."""

import os
import secrets
from uuid import UUID

from oidc_server.foundation import clock
from oidc_server.foundation.encoding import b64url

_READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_id() -> UUID:
    """A new row's id, ordered by time so that indexes stay dense (UUID version 7, RFC 9562 §5.7)."""
    milliseconds = int(clock.now().timestamp() * 1000)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def new_secret(size: int = 32) -> str:
    """So many random bytes, in letters that fit into a URL, a form and a header."""
    return b64url(os.urandom(size))


def new_reference() -> str:
    """A short name that a person can read aloud, for an error page and its line in the log."""
    return "".join(secrets.choice(_READABLE) for _ in range(10))
