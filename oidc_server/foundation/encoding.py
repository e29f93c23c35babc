"""base64url without padding, as every JOSE and OAuth specification writes bytes (RFC 7515 §2)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode


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
