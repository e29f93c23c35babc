"""What a request presents to prove which client sent it."""

from base64 import b64encode
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from oidc_server.oauth.client_auth import presented
from oidc_server.oauth.client_auth.presented import Presented
from oidc_server.oauth.errors import InvalidClient, InvalidRequest, OAuthRefused
from oidc_server.oauth.parameters import OAuthRequest

URI = "https://id.example.com/token"
#: Any text that UTF-8 can write, without the NUL that we refuse.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def asked(*authorization: bytes, **values: str) -> OAuthRequest:
    headers = Headers(raw=[(b"host", b"id.example.com"), *((b"authorization", value) for value in authorization)])
    return OAuthRequest("POST", URI, values, headers)


def basic(credentials: bytes | str) -> bytes:
    raw = credentials.encode() if isinstance(credentials, str) else credentials
    return b"Basic " + b64encode(raw)


@given(client_id=TEXT, secret=TEXT)
def test_basic_credentials_are_form_encoded(client_id: str, secret: str) -> None:
    header = basic(f"{quote_plus(client_id)}:{quote_plus(secret)}")

    read = presented.by(asked(header))

    assert (read.method, read.client_id, read.secret) == ("client_secret_basic", client_id, secret)  # RFC 6749 §2.3.1


def test_a_colon_in_a_secret_that_was_not_encoded_belongs_to_the_secret() -> None:
    assert presented.by(asked(basic("shop:a:b"))).secret == "a:b"  # RFC 7617 §2


@pytest.mark.parametrize("scheme", [b"Basic", b"basic", b"BASIC"])
def test_the_scheme_has_no_case(scheme: bytes) -> None:
    assert presented.by(asked(scheme + b" " + b64encode(b"shop:s"))).client_id == "shop"  # RFC 9110 §11.1


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Basic",
        b"Basic ",
        b"Basic !!!!",
        b"Basic c2hvcDpzZQ",
        b"Basic " + "ü".encode("latin-1"),
        basic("no-colon"),
        basic(b"shop:\xff\xfe"),
        basic("shop:%FF"),
        basic("shop:nul\0"),
        basic("sh%00op:s"),
        b"Bearer eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
        b"Digest username=shop",
        b64encode(b"shop:s"),
    ],
)
def test_a_header_that_is_not_readable_basic_is_no_authentication(header: bytes) -> None:
    with pytest.raises(InvalidClient):
        presented.by(asked(header))


@given(header=st.binary(max_size=200))
def test_no_header_breaks_the_reader(header: bytes) -> None:
    try:
        shown = presented.by(asked(header))
    except OAuthRefused:
        return
    assert shown.method == "client_secret_basic"


def test_two_authorization_headers_are_too_many() -> None:
    with pytest.raises(InvalidRequest, match="more than one way"):
        presented.by(asked(basic("shop:s"), basic("shop:s")))


@pytest.mark.parametrize("header", [basic("shop:s"), b"Bearer token", b""])
def test_a_header_and_a_secret_in_the_body_are_too_many(header: bytes) -> None:
    with pytest.raises(InvalidRequest, match="more than one way"):  # RFC 6749 §2.3
        presented.by(asked(header, client_id="shop", client_secret="s"))


def test_the_body_may_repeat_the_client_id_of_the_header() -> None:
    assert presented.by(asked(basic("shop:s"), client_id="shop")).client_id == "shop"


def test_the_body_must_not_name_another_client_than_the_header() -> None:
    with pytest.raises(InvalidRequest, match="client_id"):
        presented.by(asked(basic("shop:s"), client_id="bank"))


def test_a_secret_in_the_body_is_client_secret_post() -> None:
    assert presented.by(asked(client_id="shop", client_secret="s")) == Presented("client_secret_post", "shop", "s")


def test_a_client_id_alone_is_no_authentication_at_all() -> None:
    assert presented.by(asked(client_id="spa")) == Presented("none", "spa")


def test_a_secret_without_a_client_id_is_nobody() -> None:
    with pytest.raises(InvalidClient):
        presented.by(asked(client_secret="s"))


def test_nothing_at_all_is_nobody() -> None:
    with pytest.raises(InvalidClient) as refusal:
        presented.by(asked())

    assert refusal.value.status_code == 401
    assert refusal.value.headers()["WWW-Authenticate"].startswith("Basic ")  # RFC 6749 §5.2


def test_what_was_presented_can_be_written_to_a_log() -> None:
    assert "hush" not in repr(Presented("client_secret_post", "shop", "hush"))
