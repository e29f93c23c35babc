"""Identifiers: names for rows, and values that nobody can guess."""

import secrets
from uuid import UUID

from oidc_server.foundation import clock

_READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_id() -> UUID:
    """A new row's id, ordered by time so that indexes stay dense (UUID version 7, RFC 9562 §5.7)."""
    milliseconds = int(clock.now().timestamp() * 1000)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def new_secret() -> str:
    """256 random bits that fit into a URL, a form and a header."""
    return secrets.token_urlsafe(32)


def new_reference() -> str:
    """A short name that a person can read aloud, for an error page and its line in the log."""
    return "".join(secrets.choice(_READABLE) for _ in range(10))
