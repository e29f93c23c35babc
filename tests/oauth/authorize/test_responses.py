"""Answers to authorization requests, as they are sent to the client."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.registry import Client
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.web.browsers import Browsers
from oidc_server.foundation.web.pages import Pages
from oidc_server.oauth.authorize.asked import AuthorizationRequest
from oidc_server.oauth.authorize.responses import Responder, location
from oidc_server.oauth.errors import AccessDenied
from oidc_server.settings.model import Settings

URIS = [
    "https://shop.example.com/callback",
    "https://shop.example.com/callback?tenant=1&x=%20%26",
    "https://shop.example.com",
    "http://127.0.0.1:51004/",
    "http://[::1]:51004/callback",
    "com.example.cli:/callback",
]
SETTINGS = Settings(issuer="https://id.example.com", _env_file=None)
RESPONDER = Responder(SETTINGS.issuer, Pages(SETTINGS, Browsers(SETTINGS, Sealing({1: bytes(32)}))))

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def asked(uri: str = URIS[0], **values: str) -> AuthorizationRequest:
    request = AuthorizationRequest("https://id.example.com/authorize", {"response_type": "code", **values})
    request.client = Client("shop", ClientMetadata.model_construct(client_name="Shop"))
    request.redirect_uri = uri
    return request


def parameters_of(response: Response) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(response.headers["location"]).query, strict_parsing=True, keep_blank_values=True))


@given(st.sampled_from(URIS), texts)
def test_a_state_comes_back_exactly_as_it_was_sent(uri: str, state: str) -> None:
    answer = RESPONDER.send(asked(uri, state=state), {"code": "c"})  # RFC 6749 §4.1.2

    assert parameters_of(answer)["state"] == state


@pytest.mark.parametrize("uri", URIS)
@pytest.mark.parametrize("mode", ["query", "fragment"])
def test_a_redirect_uri_stays_as_it_is_with_the_answer_behind_it(uri: str, mode: str) -> None:
    answer = RESPONDER.send(asked(uri, response_mode=mode), {"code": "c"})  # RFC 6749 §3.1.2

    assert answer.headers["location"].startswith(uri)
    expected = "#" if mode == "fragment" else "&" if "?" in uri else "?"
    assert answer.headers["location"][len(uri)] == expected


@given(st.sampled_from(URIS), st.dictionaries(st.sampled_from("abcd"), texts))
def test_whatever_is_answered_the_address_stays_the_clients(uri: str, parameters: dict[str, str]) -> None:
    before, after = urlsplit(uri), urlsplit(location(uri, parameters))

    assert (after.scheme, after.netloc, after.path) == (before.scheme, before.netloc, before.path)
    assert not after.fragment


def test_every_answer_names_the_issuer() -> None:
    for answer in (RESPONDER.send(asked(), {"code": "c"}), RESPONDER.refuse(AccessDenied("No."), asked(state="s"))):
        assert parameters_of(answer)["iss"] == "https://id.example.com"  # RFC 9207 §2


def test_an_answer_is_a_303_that_leaves_no_trace() -> None:
    answer = RESPONDER.send(asked(), {"code": "c"})

    assert answer.status_code == 303  # RFC 9700 §4.12
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


@given(state=texts)
def test_a_posted_answer_is_a_form_to_the_client_whatever_it_holds(state: str) -> None:
    answer = RESPONDER.send(asked(response_mode="form_post", state=state), {"code": "c"})  # Form Post Response Mode §2
    text = bytes(answer.body).decode()

    assert 'action="https://shop.example.com/callback"' in text
    assert answer.headers["cache-control"] == "no-store"  # Form Post Response Mode §2
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert text.count("<form") == 1
    assert text.count("<input") == 3


@pytest.mark.parametrize(
    ("response_type", "asked_for", "mode"),
    [
        ("code", None, "query"),
        ("code", "query", "query"),
        ("code", "fragment", "fragment"),
        ("code", "junk", "query"),
        ("code id_token", None, "fragment"),
        ("code id_token", "query", "fragment"),  # Multiple Response Types §3: never in the query
        ("token id_token", "form_post", "form_post"),
        ("token", "query", "fragment"),
        ("none", None, "query"),
    ],
)
def test_the_response_mode_is_the_one_asked_for_or_what_the_response_type_demands(
    response_type: str, asked_for: str | None, mode: str
) -> None:
    wanted = {} if asked_for is None else {"response_mode": asked_for}

    assert asked(response_type=response_type, **wanted).response_mode == mode  # Multiple Response Types §2.1


def test_a_refusal_without_a_checked_redirect_uri_is_never_sent() -> None:
    with pytest.raises(ValueError, match="without a checked redirect URI"):  # RFC 6749 §4.1.2.1
        RESPONDER.refuse(AccessDenied("No."), asked(""))
