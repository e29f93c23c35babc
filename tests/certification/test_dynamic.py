"""Certification of the dynamic profile: request objects, keys and documents that the client publishes."""

import json
from typing import Any

import httpx2
import jwt as pyjwt
import pytest

from tests.actors.person import Person
from tests.actors.publisher import Publisher
from tests.actors.relying_party import RelyingParty
from tests.certification.conftest import CALLBACK, NO_PKCE, Register, document, sign_in
from tests.oauth.client_auth.test_assertion import KEYS, TYPE, jwk, signed
from tests.servers import Server

pytestmark = pytest.mark.xdist_group("certification")  # one server for all of them


def request_object(party: RelyingParty, algorithm: str, **changes: Any) -> str:
    inside = party.request(**{**NO_PKCE, **changes})
    key, headers = (KEYS[algorithm], {"kid": algorithm}) if algorithm != "none" else ("", {})
    return pyjwt.encode(inside, key, algorithm, headers=headers)


async def test_an_unsigned_request_object_is_processed(person: Person, register: Register, server: Server) -> None:
    party = (await register()).relying_party()
    request = request_object(party, "none", state="inside", iss=party.client_id, aud=server.issuer)
    answer = await sign_in(person, party, request=request, state=None)

    assert answer.parameters["state"] == "inside"


async def test_the_redirect_uri_inside_counts_or_the_request_ends_on_a_page_of_ours(
    person: Person, register: Register
) -> None:
    party = (await register()).relying_party()
    await sign_in(person, party)
    request = request_object(party, "none")
    page = await person.visit(party, request=request, redirect_uri="https://suite.example.com/wrong", **NO_PKCE)

    assert page.status == 400 or party.answer(page).code


@pytest.mark.parametrize("algorithm", ["none", "RS256"])
async def test_a_request_object_is_fetched(
    person: Person, register: Register, publisher: Publisher, algorithm: str
) -> None:
    registered = {"request_object_signing_alg": "RS256"} if algorithm == "RS256" else {}
    party = (await register(request_uris=[publisher.url("/request#hash")], **registered)).relying_party()
    publisher.documents["/request"] = request_object(party, algorithm, state="inside").encode()
    answer = await sign_in(person, party, request_uri=publisher.url("/request#hash"), state=None)

    assert answer.parameters["state"] == "inside"


async def test_userinfo_is_signed_as_registered(person: Person, http: httpx2.AsyncClient, register: Register) -> None:
    party = (await register(userinfo_signed_response_alg="RS256")).relying_party()
    tokens = await party.redeem((await sign_in(person, party)).code, code_verifier=None)
    answer = await party.userinfo(tokens.access_token)
    keys = pyjwt.PyJWKSet.from_dict((await http.get("/jwks")).json())
    told = pyjwt.decode(
        answer.text,
        keys[pyjwt.get_unverified_header(answer.text)["kid"]],
        algorithms=["RS256"],
        audience=party.client_id,
    )

    assert answer.headers["content-type"].startswith("application/jwt")
    assert told["sub"] == tokens.id_claims["sub"]
    assert "nonce" not in told


@pytest.mark.parametrize("audience", ["", "/token"])
async def test_private_key_jwt_with_keys_behind_a_jwks_uri(
    person: Person, http: httpx2.AsyncClient, register: Register, publisher: Publisher, server: Server, audience: str
) -> None:
    publisher.documents["/jwks"] = json.dumps({"keys": [jwk("RS256")]}).encode()
    method = {"token_endpoint_auth_method": "private_key_jwt", "jwks": None, "jwks_uri": publisher.url("/jwks")}
    registered = await register(grant_types=["authorization_code", "refresh_token"], **method)
    party = registered.relying_party()
    answer = await sign_in(person, party, scope="openid offline_access", prompt="consent")

    async def ask(**form: str) -> httpx2.Response:
        own: dict[str, Any] = {"iss": party.client_id, "sub": party.client_id, "aud": server.issuer + audience}
        proof = {"client_assertion_type": TYPE, "client_assertion": signed(**own)}
        return await http.post("/token", data={**form, **proof})

    first = await ask(grant_type="authorization_code", code=answer.code, redirect_uri=CALLBACK)
    second = await ask(grant_type="refresh_token", refresh_token=first.json()["refresh_token"])

    assert (first.status_code, second.status_code) == (200, 200)


async def test_a_sector_names_its_redirect_uris(
    http: httpx2.AsyncClient, register: Register, publisher: Publisher
) -> None:
    sector = {"subject_type": "pairwise", "sector_identifier_uri": publisher.url("/sector")}
    publisher.documents["/sector"] = json.dumps([CALLBACK]).encode()
    good = await register(**sector)
    publisher.documents["/sector"] = json.dumps(["https://other.example.com/callback"]).encode()
    bad = await http.post("/register", json=document(**sector))

    assert good.told["subject_type"] == "pairwise"
    assert bad.status_code == 400
    assert bad.json()["error"] in {"invalid_client_metadata", "invalid_redirect_uri"}


async def test_what_is_for_people_is_registered_and_linked(person: Person, register: Register) -> None:
    links = {"policy_uri": "https://suite.example.com/policy", "tos_uri": "https://suite.example.com/tos"}
    registered = await register(**links, logo_uri="https://suite.example.com/logo.png")
    page = await person.visit(registered.relying_party(), **NO_PKCE)

    assert page.path == "/login"
    assert all(link in page.response.text for link in links.values())
