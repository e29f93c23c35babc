"""base64url: one way to write bytes, and one way to read them."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation.encoding import b64url, from_b64url


@given(data=st.binary())
def test_what_is_written_is_what_is_read(data: bytes) -> None:
    assert from_b64url(b64url(data)) == data
    assert b64url(data) == urlsafe_b64encode(data).decode().rstrip("=")  # RFC 7515 §2


@given(text=st.text())
def test_whatever_is_read_is_the_only_way_to_write_it(text: str) -> None:
    try:
        data = from_b64url(text)
    except ValueError:
        return
    assert b64url(data) == text


@pytest.mark.parametrize("text", ["A", "AA==", "AB", "A+A", "A/A", "AA\n", " AA", "A A", "é", "AAA\0", "AAAA="])
def test_no_other_spelling_is_read(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        from_b64url(text)
