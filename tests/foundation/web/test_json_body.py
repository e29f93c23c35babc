"""JSON bodies: what is read, and what is refused before anybody looks at it."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.web import json_body

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(found=st.dictionaries(st.sampled_from("abc"), values))
def test_an_object_is_read_as_it_was_written(found: dict[str, object]) -> None:
    if "\\u0000" not in json.dumps(found):
        assert json_body.parse(json.dumps(found).encode()) == found


@given(raw=st.binary(max_size=60))
def test_bytes_are_an_object_or_refused(raw: bytes) -> None:
    with suppress(BadRequest):
        assert isinstance(json_body.parse(raw), dict)


@pytest.mark.parametrize("depth", [json_body.MAX_DEPTH, 500, 100_000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(BadRequest, match="nested deeper"):
        json_body.parse(b'{"a":' + b"[" * depth + b"]" * depth + b"}")


def test_as_deep_as_we_say_is_fine() -> None:
    depth = json_body.MAX_DEPTH - 1

    assert json_body.parse(b'{"a":' + b"[" * depth + b"]" * depth + b"}")


def test_no_member_stands_there_twice_at_any_depth() -> None:
    for raw in (b'{"a":1,"a":1}', b'{"b":{"a":1,"a":2}}', b'{"b":[{"a":1,"\\u0061":2}]}'):
        with pytest.raises(BadRequest, match="a was sent twice"):
            json_body.parse(raw)
