"""Browsers: whether a form was really filled in on the page that we showed there."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from oidc_server.foundation.identifiers import new_secret
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.browsers import FIELD, Browsers
from tests.conftest import make_settings

SEALING = Sealing({1: b"k" * 32})
BROWSERS = Browsers(make_settings("sqlite:///unused.db", Path("unused")), SEALING)
NAME = new_secret()


def request(name: str | None = NAME, origin: str | None = None) -> Request:
    """A request of the browser with this name."""
    headers = [(b"cookie", f"__Host-oidc_browser={name}".encode("latin-1"))] if name is not None else []
    headers += [(b"origin", origin.encode("latin-1"))] if origin is not None else []
    return Request({"type": "http", "method": "POST", "path": "/login", "query_string": b"", "headers": headers})


def token(name: str = NAME) -> str:
    return BROWSERS.csrf_token(BROWSERS.of(request(name)))


def test_a_form_shown_on_this_browser_is_believed() -> None:
    assert BROWSERS.sent(request(), {FIELD: token()})


@pytest.mark.parametrize("origin", ["https://id.example.com", "null"])
def test_an_origin_of_ours_or_a_hidden_one_is_believed_with_the_token(origin: str) -> None:
    assert BROWSERS.sent(request(origin=origin), {FIELD: token()})
    assert not BROWSERS.sent(request(origin=origin), {})


@given(st.text(st.characters(max_codepoint=255), max_size=40).filter(lambda text: text != "null"))
def test_no_other_origin_is_believed(origin: str) -> None:
    assert not BROWSERS.sent(request(origin=origin), {FIELD: token()})


def test_the_form_of_another_browser_is_not_believed() -> None:
    assert not BROWSERS.sent(request(), {FIELD: token(new_secret())})


@given(st.text(max_size=60))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert not BROWSERS.sent(request(), {FIELD: text})


@given(st.integers(0, 43), st.characters(codec="ascii"))
def test_no_letter_of_a_token_can_be_changed(place: int, letter: str) -> None:
    real = token()
    forged = real[:place] + letter + real[place + 1 :]

    assert BROWSERS.sent(request(), {FIELD: forged}) == (forged == real)


def test_a_browser_without_a_name_is_not_believed() -> None:
    assert not BROWSERS.sent(request(None), {FIELD: token()})


@given(st.text(st.characters(max_codepoint=255, exclude_characters=";\r\n"), max_size=60))
def test_a_name_that_we_did_not_give_is_replaced(name: str) -> None:
    browser = BROWSERS.of(request(name))

    assert browser.is_new
    assert browser.name != name


def test_a_new_browser_is_given_its_name_once() -> None:
    new, known = Response(), Response()

    BROWSERS.remember(BROWSERS.of(request(None)), new)
    BROWSERS.remember(BROWSERS.of(request()), known)

    assert new.headers["set-cookie"].startswith("__Host-oidc_browser=")
    assert "set-cookie" not in known.headers


def test_the_mark_tells_nothing_of_the_name() -> None:
    one, other = BROWSERS.of(request()), BROWSERS.of(request(new_secret()))

    assert one.mark == BROWSERS.of(request()).mark
    assert one.mark != other.mark
    assert one.mark not in one.name


def test_a_token_of_another_server_is_not_believed() -> None:
    other = Browsers(make_settings("sqlite:///unused.db", Path("unused")), Sealing({1: b"x" * 32}))

    assert not BROWSERS.sent(request(), {FIELD: other.csrf_token(other.of(request()))})
