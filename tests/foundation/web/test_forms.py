"""Forms: read strictly, and whatever was sent comes out as it went in."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from oidc_server.foundation.errors import BadRequest
from oidc_server.foundation.printable import printable
from oidc_server.foundation.web import forms
from oidc_server.foundation.web.forms import MAX_FIELDS, MAX_VALUE

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(st.lists(st.tuples(texts, texts), max_size=20))
def test_what_was_sent_comes_out_as_it_went_in(pairs: list[tuple[str, str]]) -> None:
    assert forms.parse(urlencode(pairs).encode()) == pairs


@given(st.binary(max_size=200))
def test_any_bytes_are_either_read_or_refused(raw: bytes) -> None:
    try:
        pairs = forms.parse(raw)
    except BadRequest as refusal:
        assert refusal.status == 400  # noqa: PT017 - either of two ends is right
        return
    assert not any("\0" in name + value for name, value in pairs)
    assert forms.parse(urlencode(pairs).encode()) == pairs


@pytest.mark.parametrize(
    "raw", [b"a=%ff", b"a=\xff", b"\xff=a", b"a=%ed%a0%80", b"a=%c0%80", b"a=%f5%80%80%80", b"a=%80", b"a=%e2%82"]
)
def test_what_is_no_utf8_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest, match="UTF-8"):
        forms.parse(raw)


@pytest.mark.parametrize("raw", [b"a=%00", b"%00=a", b"a=\0", b"a=x%00y"])
def test_a_nul_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest, match="NUL"):
        forms.parse(raw)


def test_a_value_and_a_name_have_a_limit() -> None:
    assert forms.parse(b"a=" + b"x" * MAX_VALUE) == [("a", "x" * MAX_VALUE)]
    for raw in (b"a=" + b"x" * (MAX_VALUE + 1), b"x" * (MAX_VALUE + 1) + b"=a", b"a=" + b"%61" * (MAX_VALUE + 1)):
        with pytest.raises(BadRequest, match="at most"):
            forms.parse(raw)


def test_there_is_a_limit_to_their_number() -> None:
    assert len(forms.parse(b"&".join([b"a=1"] * MAX_FIELDS))) == MAX_FIELDS
    for raw in (b"&".join([b"a=1"] * (MAX_FIELDS + 1)), b"&" * 100_000):
        with pytest.raises(BadRequest, match="at most"):
            forms.parse(raw)


def test_nothing_is_an_empty_form() -> None:
    assert forms.parse(b"") == []
    assert forms.parse(b"a=&b=1") == [("a", ""), ("b", "1")]


def test_a_plus_is_a_space_and_a_semicolon_parts_nothing() -> None:
    assert forms.parse(b"a=x+y%2Bz;b=1") == [("a", "x y+z;b=1")]


def posted(body: bytes, content_type: str | None = forms.MEDIA_TYPE) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    headers = [(b"content-type", content_type.encode())] if content_type is not None else []
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def test_a_field_that_is_sent_twice_is_refused() -> None:
    assert await forms.read(posted(b"a=1&b=2")) == {"a": "1", "b": "2"}
    for body in (b"a=1&a=1", b"a=&a=1", b"a=1&%61=2"):
        with pytest.raises(BadRequest, match="twice"):
            await forms.read(posted(body))


@pytest.mark.parametrize(
    "content_type", [forms.MEDIA_TYPE, f"{forms.MEDIA_TYPE}; charset=UTF-8", "Application/X-WWW-Form-URLencoded"]
)
async def test_a_form_is_known_by_its_media_type(content_type: str) -> None:
    assert await forms.read(posted(b"a=1", content_type)) == {"a": "1"}


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/json", "multipart/form-data; boundary=x", "text/html, a/b", "\xff"],
)
async def test_any_other_body_is_refused(content_type: str | None) -> None:
    with pytest.raises(BadRequest, match="body must be"):
        await forms.read(posted(b"a=1", content_type))


async def test_whoever_posts_nothing_need_not_say_what_it_is() -> None:
    assert await forms.read(posted(b"", None)) == {}
    with pytest.raises(BadRequest, match="body must be"):
        await forms.read(posted(b"", "application/json"))


@given(texts, st.integers(1, 50))
def test_what_is_shown_of_a_value_is_short_plain_text(text: str, limit: int) -> None:
    shown = printable(text, limit)

    assert len(shown) <= limit + 3
    assert all(" " <= character <= "~" and character not in '"\\' for character in shown)
    assert len(text) > limit or len(shown) == len(text)
