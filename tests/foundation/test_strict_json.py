"""JSON from outside: what is read, and what is refused before anybody looks at it."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation import strict_json
from oidc_server.foundation.errors import BadRequest

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(found=st.dictionaries(st.sampled_from("abc"), values))
def test_an_object_is_read_as_it_was_written(found: dict[str, object]) -> None:
    if "\\u0000" not in json.dumps(found):
        assert strict_json.parse(json.dumps(found).encode()) == found


@given(raw=st.binary(max_size=60))
def test_bytes_are_an_object_or_refused(raw: bytes) -> None:
    with suppress(BadRequest):
        assert isinstance(strict_json.parse(raw), dict)


@pytest.mark.parametrize("depth", [strict_json.MAX_DEPTH, 500, 100_000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(BadRequest, match="nested deeper"):
        strict_json.parse(b'{"a":' + b"[" * depth + b"]" * depth + b"}")


def test_as_deep_as_we_say_is_fine() -> None:
    depth = strict_json.MAX_DEPTH - 1

    assert strict_json.parse(b'{"a":' + b"[" * depth + b"]" * depth + b"}")


def test_no_member_stands_there_twice_at_any_depth() -> None:
    for raw in (b'{"a":1,"a":1}', b'{"b":{"a":1,"a":2}}', b'{"b":[{"a":1,"\\u0061":2}]}'):
        with pytest.raises(BadRequest, match="a was sent twice"):
            strict_json.parse(raw)


@pytest.mark.parametrize(
    "number", ["1e999", "-1e999", "9" * 400, "-" + "9" * 400, str(2**63), "NaN", "Infinity", "9" * 5000]
)
def test_a_number_is_one_that_everybody_can_read(number: str) -> None:
    for raw in (f'{{"a": {number}}}', f'{{"a": [{{"b": {number}}}]}}'):
        with pytest.raises(BadRequest):
            strict_json.parse(raw.encode())
    assert strict_json.parse(f'{{"a": {2**63 - 1}, "b": -1.5, "c": true}}'.encode())


@pytest.mark.parametrize("text", ["\\u0000", "a\\u0000b", "\\ud800", "\\udfff\\ud800"])
def test_a_text_is_one_that_everybody_can_keep(text: str) -> None:
    for raw in (f'{{"a": "{text}"}}', f'{{"{text}": 1}}', f'{{"a": ["{text}"]}}'):
        with pytest.raises(BadRequest, match="NUL"):
            strict_json.parse(raw.encode())
    assert strict_json.parse(b'{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}
