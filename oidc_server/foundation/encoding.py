"""How bytes and values are written: base64url without padding (RFC 7515 §2), and JSON without spaces (RFC 8259)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import orjson


def b64url(data: bytes) -> str:
    """Write bytes."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_b64url(text: str) -> bytes:
    """Read bytes; ValueError unless the text is what `b64url` writes for them, letter for letter."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, UnicodeError) as error:
        raise ValueError("not base64url") from error
    if b64url(data) != text:
        raise ValueError("not canonical base64url")
    return data


def compact_json(value: Any) -> bytes:
    """Write a value as JSON; what has no form there, such as a UUID in a log line, as its text."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        # Half a surrogate pair or a huge number, which JSON can hold and orjson refuses.
        return json.dumps(value, default=str, separators=(",", ":")).encode()
