"""Answers to authorization requests, as they are written into a redirect."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from oidc_server.oauth.authorize.responses import Responder, location
from oidc_server.oauth.errors import AccessDenied

URIS = [
    "https://shop.example.com/callback",
    "https://shop.example.com/callback?tenant=1&x=%20%26",
    "https://shop.example.com",
    "http://127.0.0.1:51004/",
    "http://[::1]:51004/callback",
    "com.example.cli:/callback",
]
RESPONDER = Responder("https://id.example.com")

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def parameters_of(response: Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(response.headers["location"]).query, strict_parsing=True, keep_blank_values=True))


@given(st.sampled_from(URIS), texts)
def test_a_state_comes_back_exactly_as_it_was_sent(uri: str, state: str) -> None:
    answer = RESPONDER.send(uri, {"code": "c"}, state)  # RFC 6749 §4.1.2

    assert parameters_of(answer)["state"] == state


@pytest.mark.parametrize("uri", URIS)
def test_a_redirect_uri_stays_as_it_is_with_the_answer_behind_it(uri: str) -> None:
    answer = RESPONDER.send(uri, {"code": "c"}, "s")  # RFC 6749 §3.1.2

    assert answer.headers["location"].startswith(uri)
    assert answer.headers["location"][len(uri)] == ("&" if "?" in uri else "?")


@given(st.sampled_from(URIS), st.dictionaries(st.sampled_from("abcd"), texts))
def test_whatever_is_answered_the_address_stays_the_clients(uri: str, parameters: dict[str, str]) -> None:
    before, after = urlsplit(uri), urlsplit(location(uri, parameters))

    assert (after.scheme, after.netloc, after.path) == (before.scheme, before.netloc, before.path)
    assert not after.fragment


def test_every_answer_names_the_issuer() -> None:
    refusal = AccessDenied("The person refused.", redirect_uri=URIS[0])

    for answer in (RESPONDER.send(URIS[0], {"code": "c"}, None), RESPONDER.refuse(refusal, "s")):
        assert parameters_of(answer)["iss"] == "https://id.example.com"  # RFC 9207 §2


def test_an_answer_is_a_303_that_leaves_no_trace() -> None:
    answer = RESPONDER.send(URIS[0], {"code": "c"}, "s")

    assert answer.status_code == 303  # RFC 9700 §4.12
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_refusal_without_a_checked_redirect_uri_is_never_sent() -> None:
    with pytest.raises(ValueError, match="without a checked redirect URI"):
        RESPONDER.refuse(AccessDenied("No."), "s")
