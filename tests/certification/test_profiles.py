"""Certification: what the conformance suite asks of each profile, against a server with the settings that we document."""

import re
from pathlib import Path
from typing import Any

import httpx2
import jwt as pyjwt
import pytest

from tests.actors.browser import Form
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, s256
from tests.certification.conftest import DYNAMIC, NO_PKCE, Register, document, sign_in
from tests.servers import Server

pytestmark = pytest.mark.xdist_group("certification")  # one server for all of them

RESPONSE_TYPES = DYNAMIC["OIDC_REGISTRATION_RESPONSE_TYPES"].split(",")
CLAIMS = {"profile": "name", "email": "email", "address": "address", "phone": "phone_number"}
PAGE = Path(__file__).parents[2] / "docs" / "certification.md"


def test_the_documented_settings_are_those_of_these_tests() -> None:
    documented = dict(re.findall(r'^(OIDC_(?:PROTOCOL|REGISTRATION)\w+)="?([^"\n]+)', PAGE.read_text(), re.M))

    assert documented == DYNAMIC


async def test_discovery_tells_what_dynamic_providers_must_support(http: httpx2.AsyncClient, server: Server) -> None:
    told = (await http.get("/.well-known/openid-configuration")).json()
    keys = (await http.get(told["jwks_uri"])).json()["keys"]

    assert told["issuer"] == server.issuer
    assert {frozenset(one.split()) for one in told["response_types_supported"]} >= {
        frozenset({"code"}),
        frozenset({"id_token"}),
        frozenset({"id_token", "token"}),
    }
    assert {"authorization_code", "implicit", "refresh_token"} <= set(told["grant_types_supported"])
    assert {"query", "fragment", "form_post"} <= set(told["response_modes_supported"])
    assert told["request_parameter_supported"]
    assert told["request_uri_parameter_supported"]
    assert {"none", "RS256"} <= set(told["request_object_signing_alg_values_supported"])
    assert told["claims_parameter_supported"]
    assert "RS256" in told["id_token_signing_alg_values_supported"]
    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
    assert {"openid", *CLAIMS, "offline_access"} <= set(told["scopes_supported"])
    assert "RS256" in told["userinfo_signing_alg_values_supported"]
    assert {"public", "pairwise"} <= set(told["subject_types_supported"])
    assert {"sub", "name", "email"} <= set(told["claims_supported"])
    assert all("d" not in key and key["kid"] for key in keys)


@pytest.mark.parametrize("response_mode", [None, "form_post"])
@pytest.mark.parametrize("response_type", RESPONSE_TYPES)
async def test_each_flow_completes(
    person: Person,
    http: httpx2.AsyncClient,
    server: Server,
    register: Register,
    response_type: str,
    response_mode: str | None,
) -> None:
    party = (await register(response_type)).relying_party()
    asked = {"response_type": response_type, "response_mode": response_mode}
    answer = await sign_in(person, party, **asked, scope="openid profile email address phone", nonce="n")
    told = dict(answer.parameters)
    assert told["state"] == "the-state"
    if "code" in told:
        redeemed = await party.redeem(told["code"], code_verifier=None)
        assert redeemed.response.headers["cache-control"] == "no-store"
        told = {**told, **{f"later_{name}": value for name, value in redeemed.body.items()}}

    for name in ("id_token", "later_id_token"):
        if name in told:
            claims = await verified(http, server, party, told[name])
            assert claims["nonce"] == "n"
            assert claims["sub"]
    for name in ("access_token", "later_access_token"):
        if name in told:
            known = (await party.userinfo(told[name])).json()
            assert set(CLAIMS.values()) <= set(known)
    if response_type == "id_token":
        assert set(CLAIMS.values()) <= set(claims)


async def verified(http: httpx2.AsyncClient, server: Server, party: RelyingParty, token: str) -> dict[str, Any]:
    keys = pyjwt.PyJWKSet.from_dict((await http.get("/jwks")).json())
    key = keys[pyjwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = pyjwt.decode(
        token, key, algorithms=["RS256"], audience=party.client_id, issuer=server.issuer
    )
    return claims


@pytest.mark.parametrize("scope", CLAIMS)
async def test_each_scope_brings_its_claims_and_no_others(person: Person, register: Register, scope: str) -> None:
    party = (await register()).relying_party()
    answer = await sign_in(person, party, scope=f"{scope} openid")
    tokens = await party.redeem(answer.code, code_verifier=None)
    known = (await party.userinfo(tokens.access_token)).json()

    assert {claim for claim in CLAIMS.values() if claim in known} == {CLAIMS[scope]}


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": None},
        {"display": "page"},
        {"display": "popup"},
        {"extra": "foobar"},
        {"ui_locales": "se"},
        {"claims_locales": "se"},
        {"login_hint": "buffy@example.com"},
        {"max_age": "10000"},
        {"code_challenge": s256("v" * 43), "code_challenge_method": "S256"},
    ],
    ids=str,
)
async def test_parameters_that_a_provider_may_leave_unheeded_stop_nothing(
    person: Person, register: Register, changes: dict[str, Any]
) -> None:
    party = (await register()).relying_party()
    answer = await sign_in(person, party, **changes)
    verifier = "v" * 43 if "code_challenge" in changes else None

    assert (await party.redeem(answer.code, code_verifier=verifier)).status == 200


async def test_acr_is_told_where_it_was_asked_for(person: Person, register: Register) -> None:
    party = (await register()).relying_party()
    answer = await sign_in(person, party, acr_values="1 2")

    assert (await party.redeem(answer.code, code_verifier=None)).id_claims["acr"] in {"1", "2"}


async def test_a_single_essential_claim_is_told_at_userinfo_alone(person: Person, register: Register) -> None:
    party = (await register()).relying_party()
    answer = await sign_in(person, party, scope="openid", claims='{"userinfo":{"name":{"essential":true}}}')
    tokens = await party.redeem(answer.code, code_verifier=None)

    assert (await party.userinfo(tokens.access_token)).json()["name"] == "Alice"
    assert "name" not in tokens.id_claims


async def test_userinfo_is_asked_in_three_ways(person: Person, http: httpx2.AsyncClient, register: Register) -> None:
    party = (await register()).relying_party()
    tokens = await party.redeem((await sign_in(person, party)).code, code_verifier=None)
    header = {"Authorization": f"Bearer {tokens.access_token}"}

    answers = [
        await http.get("/userinfo", headers=header),
        await http.post("/userinfo", headers=header),
        await http.post("/userinfo", data={"access_token": tokens.access_token}),
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["sub"] for answer in answers} == {tokens.id_claims["sub"]}


async def test_silence_and_fresh_sign_ins(person: Person, register: Register) -> None:
    party = (await register()).relying_party()
    stranger = party.answer(await person.visit(party, prompt="none", **NO_PKCE))
    first = await party.redeem((await sign_in(person, party)).code, code_verifier=None)
    hint = {"prompt": "none", "id_token_hint": first.id_token}
    silent = party.answer(await person.visit(party, **hint, **NO_PKCE))
    page = await person.visit(party, prompt="login", **NO_PKCE)

    assert stranger.error == "login_required"
    told = (await party.redeem(silent.code, code_verifier=None)).id_claims
    assert told["sub"] == first.id_claims["sub"]
    assert told["auth_time"] == first.id_claims["auth_time"]
    assert page.path == "/login"


async def test_the_hint_may_be_a_tokens_that_came_from_an_older_sign_in(person: Person, register: Register) -> None:
    party = (await register()).relying_party()
    first = await party.redeem((await sign_in(person, party, max_age="15000")).code, code_verifier=None)
    again = await party.redeem((await sign_in(person, party, max_age="10000")).code, code_verifier=None)

    assert again.id_claims["auth_time"] == first.id_claims["auth_time"]


async def test_a_code_works_once_and_takes_its_tokens_with_it(person: Person, register: Register) -> None:
    party = (await register()).relying_party()
    code = (await sign_in(person, party)).code
    tokens = await party.redeem(code, code_verifier=None)
    again = await party.redeem(code, code_verifier=None)

    assert again.error == "invalid_grant"
    assert (await party.userinfo(tokens.access_token)).status_code == 401


@pytest.mark.parametrize(
    "redirect_uri", [None, "https://suite.example.com/other", "https://suite.example.com/callback?x=y"]
)
async def test_a_redirect_uri_that_is_not_the_registered_one_ends_on_a_page_of_ours(
    person: Person, register: Register, redirect_uri: str | None
) -> None:
    party = (await register()).relying_party()
    page = await person.visit(party, redirect_uri=redirect_uri, **NO_PKCE)

    assert page.status == 400
    assert "oauth-error" in page.ids


async def test_a_query_belongs_to_a_redirect_uri_and_a_fragment_never(
    person: Person, http: httpx2.AsyncClient, register: Register
) -> None:
    query = "https://suite.example.com/callback?foo=bar"
    party = (await register(redirect_uris=[query])).relying_party()
    answer = await sign_in(person, party)
    fragment = await http.post("/register", json=document(redirect_uris=["https://suite.example.com/callback#foobar"]))

    assert answer.location.startswith(f"{query}&")
    assert (await person.visit(party, redirect_uri=query.replace("bar", "baz"), **NO_PKCE)).status == 400
    assert fragment.status_code == 400
    assert fragment.json()["error"] == "invalid_redirect_uri"


async def test_a_request_without_response_type_is_told_to_the_client(person: Person, register: Register) -> None:
    party = (await register()).relying_party()
    answer = party.answer(await person.visit(party, response_type=None, **NO_PKCE))

    assert answer.error in {"invalid_request", "unsupported_response_type"}
    assert answer.parameters["state"] == "the-state"


async def test_client_secret_post_and_posted_authorization_requests(person: Person, register: Register) -> None:
    party = (await register(token_endpoint_auth_method="client_secret_post")).relying_party()
    await sign_in(person, party)
    page = await person.browser.send(Form("/authorize", party.request(**NO_PKCE)))

    assert (await party.redeem(party.answer(page).code, code_verifier=None)).status == 200
