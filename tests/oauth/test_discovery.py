"""Discovery tells what is mounted and what really works: no more, no less."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

import httpx2
import pytest
from fastapi import FastAPI

from oidc_server.clients.metadata import AuthMethod
from oidc_server.oauth.client_auth.presented import BY_CERTIFICATE
from oidc_server.settings.model import Settings
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.factories import secret_of
from tests.oauth.test_userinfo import ALL_CLAIMS

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

#: Every member that we might one day have, and where RFC 8414 §2 and its friends would list it.
UNSUPPORTED_GRANTS = (
    "implicit",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:openid:params:grant-type:ciba",
)

Metadata = dict[str, Any]


@pytest.fixture
async def metadata(http: httpx2.AsyncClient) -> Metadata:
    """What the server says of itself."""
    found: Metadata = (await http.get("/.well-known/openid-configuration")).json()
    return found


def advertised(metadata: Metadata, issuer: str) -> set[str]:
    """The paths of every endpoint that the metadata name."""
    urls = [value for name, value in metadata.items() if name.endswith(("_endpoint", "_uri", "_iframe"))]
    assert all(url.startswith(issuer + "/") for url in urls)
    return {url.removeprefix(issuer) for url in urls}


def mounted(routes: Iterable[Any]) -> Iterator[tuple[str, set[str]]]:
    """Every path that the application answers, with its tags."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from mounted(route.original_router.routes)
        else:
            yield route.path, set(getattr(route, "tags", ()))


async def test_both_addresses_tell_the_same(http: httpx2.AsyncClient, metadata: Metadata) -> None:
    assert (await http.get("/.well-known/oauth-authorization-server")).json() == metadata  # RFC 8414 §3


async def test_the_issuer_is_the_configured_one(
    http: httpx2.AsyncClient, metadata: Metadata, settings: Settings
) -> None:
    spoofed = await http.get("/.well-known/openid-configuration", headers={"Host": "thief.example.com"})

    assert metadata["issuer"] == settings.issuer  # RFC 8414 §3.3
    assert "thief" not in spoofed.text  # OpenID Connect Discovery §4.3


async def test_every_required_member_is_there(metadata: Metadata) -> None:
    required = {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    }

    assert required <= set(metadata)  # OpenID Connect Discovery §3
    assert "RS256" in metadata["id_token_signing_alg_values_supported"]
    assert "none" not in metadata["id_token_signing_alg_values_supported"]
    for endpoint in ("token", "introspection", "revocation"):
        assert "none" not in metadata[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]  # RFC 8414 §2
    assert metadata["claim_types_supported"] == ["normal"]  # Core §5.6: nothing aggregated, nothing distributed
    assert all(value not in (None, [], "") for value in metadata.values())  # Discovery §4.2, RFC 8414 §3.2


async def test_what_is_told_is_mounted_and_what_is_mounted_is_told(
    http: httpx2.AsyncClient, metadata: Metadata, app: FastAPI, settings: Settings
) -> None:
    told = advertised(metadata, settings.issuer)
    answers = {path: (await http.get(path)).status_code for path in told}
    of_clients = {path for path, tags in mounted(app.routes) if tags & {"OAuth 2", "OpenID Connect"}}

    assert 404 not in answers.values(), answers  # RFC 8414 §2
    assert of_clients | {"/jwks"} == told


async def test_nothing_is_told_twice(metadata: Metadata) -> None:
    lists = {member: value for member, value in metadata.items() if isinstance(value, list)}

    assert {member: sorted(set(value)) for member, value in lists.items()} == {
        member: sorted(value) for member, value in lists.items()
    }


async def test_the_grant_types_told_are_the_ones_that_work(http: httpx2.AsyncClient, metadata: Metadata) -> None:
    candidates = {*metadata["grant_types_supported"], *UNSUPPORTED_GRANTS} - {"implicit"}  # it is /authorize's own

    known = set()
    for grant_type in candidates:
        response = await http.post("/token", data={"grant_type": grant_type}, auth=("shop", secret_of("shop")))
        if response.json()["error"] != "unsupported_grant_type":
            known.add(grant_type)

    assert known | {"implicit"} == set(metadata["grant_types_supported"])  # RFC 8414 §2


@pytest.mark.parametrize(
    ("parameter", "member", "others"),
    [
        ("response_type", "response_types_supported", ["token", "none", "code code"]),
        ("response_mode", "response_modes_supported", ["query.jwt", "web_message"]),
        ("code_challenge_method", "code_challenge_methods_supported", ["plain", "S512"]),
        ("prompt", "prompt_values_supported", ["reauthenticate"]),
    ],
)
async def test_the_values_told_are_the_ones_that_work(
    person: Person, relying_party: RelyingParty, metadata: Metadata, parameter: str, member: str, others: list[str]
) -> None:
    hybrid = RelyingParty(relying_party.http, "hybrid")
    await person.approve(hybrid)

    taken = set()
    for value in [*metadata[member], *others]:
        page = await person.visit(hybrid, **{parameter: value})
        if page.path in ("/login", "/consent", "/select-account", "/signup") or hybrid.answer(page).error is None:
            taken.add(value)

    assert taken == set(metadata[member])  # RFC 8414 §2, RFC 9700 §2.1.1


@pytest.mark.parametrize("endpoint", ["token", "introspection", "revocation"])
async def test_the_authentication_methods_told_are_those_of_client_metadata(metadata: Metadata, endpoint: str) -> None:
    methods = metadata[f"{endpoint}_endpoint_auth_methods_supported"]

    # Certificates are for servers behind a proxy that tells of them.
    assert set(methods) == set(get_args(AuthMethod)) - set(BY_CERTIFICATE)


async def test_the_scopes_and_claims_told_are_those_that_are_there(
    person: Person, relying_party: RelyingParty, metadata: Metadata
) -> None:
    tokens = await relying_party.redeem(
        (await person.approve(relying_party, scope=" ".join(metadata["scopes_supported"]))).code
    )
    in_userinfo = set((await relying_party.userinfo(tokens.access_token)).json())

    assert set(tokens.body["scope"].split()) == set(metadata["scopes_supported"])
    supported = set(metadata["claims_supported"])
    assert in_userinfo <= supported
    assert set(ALL_CLAIMS) <= supported
    assert {"auth_time", "acr", "amr", "sid"} <= supported & set(tokens.id_claims)


async def test_what_is_not_supported_is_said_to_be_not_supported(
    person: Person, relying_party: RelyingParty, metadata: Metadata
) -> None:
    page = await person.visit(relying_party, request_uri="https://shop.example.com/request")

    assert metadata["request_uri_parameter_supported"] is False  # it would be true if it were left out
    assert relying_party.answer(page).error == "request_uri_not_supported"  # Discovery §3, Core §3.1.2.6


@pytest.mark.parametrize(
    "member",
    [
        "dpop_signing_alg_values_supported",
        "tls_client_certificate_bound_access_tokens",  # RFC 8705 §3.3
        "pushed_authorization_request_endpoint",
        "require_pushed_authorization_requests",
        "require_signed_request_object",  # RFC 9101 §10.5
        "backchannel_authentication_endpoint",
        "authorization_signing_alg_values_supported",
        "introspection_encryption_alg_values_supported",
        "authorization_details_types_supported",
        "signed_metadata",
    ],
)
async def test_what_is_not_offered_is_not_in_the_metadata(metadata: Metadata, member: str) -> None:
    assert not metadata.get(member)  # RFC 8414 §2


async def test_the_issuer_is_in_every_answer_as_told(
    person: Person, relying_party: RelyingParty, metadata: Metadata
) -> None:
    assert metadata["authorization_response_iss_parameter_supported"] is True
    for answer in (
        await person.approve(relying_party),
        relying_party.answer(await person.visit(relying_party, prompt="none login")),
    ):
        assert answer.parameters["iss"] == metadata["issuer"]  # RFC 9207 §2
