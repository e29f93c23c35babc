"""What a client may say of itself: every member that we know, but for those of operators."""

from typing import Any

import pytest

from oidc_server.clients import dynamic, languages
from oidc_server.clients.dynamic import Unacceptable
from oidc_server.clients.metadata import IDENTITY_SCOPES, ClientMetadata

MAY: dict[str, Any] = {
    "scopes": IDENTITY_SCOPES,
    "response_types": ["code"],
    "auth_methods": ["none", "client_secret_basic", "private_key_jwt"],
}
DOCUMENT: dict[str, Any] = {"redirect_uris": ["https://app.example.com/callback"]}


def read(stated: dict[str, Any] | None = None, **members: Any) -> ClientMetadata:
    return dynamic.read({**DOCUMENT, **members}, stated or {}, **MAY, development=False)


def test_every_member_is_taken_but_for_those_of_operators() -> None:
    taken = dynamic.known(dict.fromkeys(ClientMetadata.model_fields, "x"))

    assert set(ClientMetadata.model_fields) - set(taken) == {*dynamic.OPERATOR_ONLY, languages.FIELD}
    assert set(ClientMetadata.model_fields) >= dynamic.OPERATOR_ONLY


def test_what_is_told_makes_the_same_client_again() -> None:
    members: dict[str, Any] = {"client_name": "The App", "client_name#de": "Die Anwendung"}
    metadata = read(**members)

    assert read(**dynamic.registered(metadata)) == read(**dynamic.registered(read(**dynamic.registered(metadata))))


def test_a_default_that_follows_from_what_was_sent_is_told_too() -> None:
    keys = {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}
    told = dynamic.registered(read(id_token_encrypted_response_alg="ECDH-ES", jwks=keys))

    assert told["id_token_encrypted_response_enc"] == "A128CBC-HS256"  # OpenID Connect Registration §2, RFC 7591 §3.2.1
    assert "userinfo_encrypted_response_enc" not in told
    assert dynamic.registered(read(**told)) == told


def test_what_is_stated_wins_and_is_contradicted_in_no_language() -> None:
    sent: dict[str, Any] = {"client_name": "a", "client_name#de": "b", "client_uri#de": "https://app.example.com/de"}

    metadata = read({"client_name": "c", "client_uri#de": "https://app.example.com/"}, **sent)

    assert metadata.client_name == "c"
    assert metadata.translations == {"client_uri#de": "https://app.example.com/"}


IMPLICIT: dict[str, Any] = {"grant_types": ["implicit"], "response_types": ["id_token"]}


@pytest.mark.parametrize(
    "uri", ["http://localhost:3000/", "http://127.0.0.1:3000/", "https://localhost/", "https://LOCALHOST:3000/"]
)
def test_tokens_go_to_no_web_client_on_the_persons_own_computer(uri: str) -> None:
    may: dict[str, Any] = {**MAY, "response_types": ["code", "id_token"]}
    document = {"redirect_uris": [uri], **IMPLICIT}
    with pytest.raises(Unacceptable) as error:
        dynamic.read(document, {}, **may, development=False)

    assert error.value.member == "redirect_uris"
    assert "implicit" in str(error.value)  # SPEC OpenID Connect Registration §2: the server verifies it
    read(redirect_uris=[uri])
    dynamic.read(document, {}, **may, development=True)
    dynamic.read({**document, "redirect_uris": ["https://app.example.com/"]}, {}, **may, development=False)
    if uri.startswith("http:"):
        dynamic.read({**document, "application_type": "native"}, {}, **may, development=False)


def test_a_client_keeps_the_scopes_that_it_has() -> None:
    document = {**DOCUMENT, "scope": "openid orders.read"}
    with pytest.raises(Unacceptable) as error:
        dynamic.read(document, {}, **MAY, development=False)
    kept = dynamic.read(document, {}, **MAY, may_keep=["orders.read"], development=False)

    assert error.value.member == "scope"
    assert kept.scope == "openid orders.read"


@pytest.mark.parametrize(
    ("members", "at_fault"),
    [
        ({"redirect_uris": [7]}, "redirect_uris"),
        ({"redirect_uris": ["http://app.example.com/"]}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"post_logout_redirect_uris": ["http://app.example.com/"]}, "post_logout_redirect_uris"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"client_name#de": 7}, "client_name#de"),
        ({"client_name#de": "\n"}, "client_name#de"),
    ],
)
def test_the_member_at_fault_is_named(members: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(Unacceptable) as error:
        read(**members)

    assert error.value.member == at_fault
    assert error.value.told.startswith(at_fault)


def test_a_client_authenticates_only_as_this_server_can_check() -> None:
    with pytest.raises(Unacceptable) as refused:
        read(token_endpoint_auth_method="tls_client_auth", tls_client_auth_san_dns="app.example.com")
    assert refused.value.member == "token_endpoint_auth_method"
