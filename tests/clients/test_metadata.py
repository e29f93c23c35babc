"""Client metadata: what may be registered, and how a mistake is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from oidc_server.cli.documents import ClientEntry
from oidc_server.cli.reach import explain
from oidc_server.clients import registry
from oidc_server.clients.metadata import ClientMetadata

KEY = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
JWKS = {"keys": [KEY]}
SHOP: dict[str, Any] = {"redirect_uris": ["https://shop.example.com/callback"]}


def read(development: bool = False, **members: Any) -> ClientMetadata:
    return ClientMetadata.model_validate({**SHOP, **members}, context={"development": development})


def refusal(**members: Any) -> str:
    with pytest.raises(ValidationError) as error:
        read(**members)
    return explain(error.value)


def test_what_is_not_given_is_as_the_specification_says() -> None:
    found = read()

    assert found.token_endpoint_auth_method == "client_secret_basic"  # RFC 7591 §2
    assert found.grant_types == ("authorization_code",)
    assert found.application_type == "web"
    assert not found.skip_consent


def test_a_document_is_read_back_as_it_was() -> None:
    members: dict[str, Any] = {
        "client_name": "The Shop",
        "application_type": "native",
        "redirect_uris": ["http://127.0.0.1/callback", "com.example.shop:/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "scope": "openid orders.read",
        "skip_consent": True,
    }

    assert ClientMetadata.model_validate(read(**members).document()) == read(**members)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"redirect_uris": ["http://shop.example.com/"]}, ["redirect_uris", "http://shop.example.com/", "https"]),
        ({"redirect_uris": ["https://a.example.com/#x"]}, ["redirect_uris", "https://a.example.com/#x", "fragment"]),
        ({"post_logout_redirect_uris": ["x"]}, ["post_logout_redirect_uris", "'x'", "absolute"]),
        ({"redirect_uris": []}, ["redirect_uris", "authorization_code"]),
        ({"grant_types": ["implicit"]}, ["grant_types", "implicit", "response_types", "id_token"]),
        ({"grant_types": ["device"]}, ["grant_types", "device", "authorization_code"]),
        ({"response_types": ["id_token"]}, ["response_types", "id_token", "grant type", "implicit"]),
        ({"token_endpoint_auth_method": "none", "require_pkce": False}, ["require_pkce", "none"]),
        ({"token_endpoint_auth_method": "private"}, ["token_endpoint_auth_method", "private", "client_secret_basic"]),
        ({"response_types": ["token"]}, ["response_types", "token", "code"]),
        ({"application_type": "desktop"}, ["application_type", "desktop", "native"]),
        ({"scope": "a  b"}, ["scope", "a  b", "single spaces"]),
        ({"client_name": "Sh\u202eop"}, ["client_name", "control"]),
        ({"client_name": ""}, ["client_name"]),
        ({"client_nmae": "Shop"}, ["client_nmae"]),
        ({"skip_consent": "perhaps"}, ["skip_consent", "perhaps"]),
        ({"jwks": JWKS, "jwks_uri": "https://shop.example.com/jwks"}, ["jwks", "jwks_uri", "not both"]),  # RFC 7591 §2
        ({"jwks": {"keys": [{**KEY, "d": "AA"}]}}, ["jwks", "public"]),  # RFC 7517 §4, RFC 7591 §2
        ({"jwks": {"keys": [{"kty": "oct", "k": "AA"}]}}, ["jwks", "public"]),
        ({"jwks": [KEY]}, ["jwks"]),
        ({"jwks_uri": "http://shop.example.com/jwks"}, ["jwks_uri", "https"]),
        ({"request_uris": ["http://shop.example.com/request"]}, ["request_uris", "https"]),  # Core §6.2
        ({"sector_identifier_uri": "http://shop.example.com/x"}, ["sector_identifier_uri", "https"]),  # Core §8.1
        ({"id_token_signed_response_alg": "none"}, ["id_token_signed_response_alg", "none"]),  # Core §2
        ({"token_endpoint_auth_signing_alg": "none"}, ["token_endpoint_auth_signing_alg", "none"]),  # Core §9
        (
            {"id_token_encrypted_response_alg": "RSA1_5", "jwks": JWKS},
            ["id_token_encrypted_response_alg"],
        ),  # RFC 8725 §3.2
        ({"id_token_encrypted_response_alg": "RSA-OAEP"}, ["id_token_encrypted_response_alg", "jwks"]),
        ({"id_token_encrypted_response_enc": "A128GCM"}, ["needs id_token_encrypted_response_alg"]),
    ],
)
def test_a_mistake_is_told_with_its_place_what_was_received_and_what_is_expected(
    members: dict[str, Any], told: list[str]
) -> None:
    text = refusal(**members)

    assert [word for word in told if word not in text] == [], text


def test_a_client_of_the_code_flow_needs_somewhere_to_return_to() -> None:
    assert "redirect_uris" in refusal(redirect_uris=[])
    assert read(redirect_uris=[], grant_types=["client_credentials"]).redirect_uris == ()


def test_a_public_client_does_not_act_for_itself() -> None:
    told = refusal(token_endpoint_auth_method="none", grant_types=["authorization_code", "client_credentials"])

    assert "client_credentials" in told  # RFC 6749 §4.4


def test_response_types_and_grant_types_fit_together() -> None:
    assert "authorization_code" in refusal(grant_types=["client_credentials"], response_types=["code"])  # RFC 7591 §2.1


def test_an_operator_may_let_tokens_go_to_loopback() -> None:
    found = read(redirect_uris=["http://127.0.0.1:3000/"], grant_types=["implicit"], response_types=["id_token"])

    assert found.allowed_response_types == ("id_token",)


def test_a_home_page_is_a_web_page() -> None:
    for uri in ("javascript:alert(1)", "data:text/html,x", "shop.example.com", "//x", "https://", "ftp://a/"):
        assert "client_uri" in refusal(client_uri=uri), uri  # RFC 7591 §2: people may be shown a link to it


def test_a_secret_is_not_told_when_it_is_refused() -> None:
    secret = "hush" * 300

    with pytest.raises(ValidationError) as error:
        ClientEntry.model_validate({**SHOP, "client_id": "shop", "client_secret": secret})
    assert "client_secret" in explain(error.value)
    assert "hush" not in explain(error.value)


@pytest.mark.parametrize("name", ["\n", "a\0b", "a\x7f", "a\x9b", "\u202egoogle", "\u2066x\u2069", "x" * 101])
def test_a_name_cannot_play_tricks_on_the_consent_page(name: str) -> None:
    assert "client_name" in refusal(client_name=name)


@given(scope=st.text(max_size=40))
def test_a_scope_is_what_the_specification_says_or_refused(scope: str) -> None:
    try:
        found = read(scope=scope)
    except ValidationError:
        return
    names = found.scope.split(" ")
    assert all(name and all("!" <= letter <= "~" and letter not in '"\\' for letter in name) for name in names)
    assert len(set(names)) == len(names)
    assert set(names) == set(scope.split(" "))


def test_a_host_that_no_name_server_would_know_is_refused() -> None:
    told = refusal(redirect_uris=[f"https://{'a.' * 140}example.com/callback"])

    assert "redirect_uris" in told  # RFC 1035 §2.3.4: 255 octets, and as much is kept of an origin


DISPLAYED: dict[str, Any] = {
    "client_uri": "https://shop.example.com",
    "logo_uri": "https://shop.example.com/logo.png",
    "policy_uri": "https://shop.example.com/policy",
    "tos_uri": "https://shop.example.com/terms",
    "contacts": ["shop@example.com"],
    "software_id": "the-shop",
    "software_version": "1.0",
    "initiate_login_uri": "https://shop.example.com/login",
    "client_name#de": "Der Laden",
    "policy_uri#de-AT": "https://shop.example.com/at/datenschutz",
}


def test_what_people_are_shown_is_read_back_as_it_was() -> None:
    found = read(**DISPLAYED)

    assert DISPLAYED.items() <= found.document().items()
    assert ClientMetadata.model_validate(found.document()) == found
    assert registry.metadata_of(found.document()) == found


@pytest.mark.parametrize("member", ["client_uri", "logo_uri", "policy_uri", "tos_uri", "logo_uri#de"])
def test_addresses_that_people_are_shown_are_public_https_urls(member: str) -> None:
    for address in ("http://shop.example.com/", "javascript:alert(1)", "https://10.0.0.1/", "https://a:b@example.com/"):
        assert member in refusal(**{member: address})
    read(development=True, **{member: "http://localhost:3000/"})


@pytest.mark.parametrize("name", ["client_name#", "client_name#d", "client_name#de-", "client_name#de#en", "scope#de"])
def test_a_member_in_another_language_has_a_tag_and_is_one_that_people_read(name: str) -> None:
    assert name.partition("#")[0] in refusal(**{name: "x"})


def test_a_login_may_be_initiated_over_https_only() -> None:
    assert read(initiate_login_uri="https://10.0.0.1/login").initiate_login_uri
    assert "initiate_login_uri" in refusal(initiate_login_uri="http://shop.example.com/login")  # Core §4
