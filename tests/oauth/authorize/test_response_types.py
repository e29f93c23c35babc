"""The implicit and hybrid flows: what comes through the browser, where, and what ties it together."""

import hashlib
from base64 import urlsafe_b64encode

import httpx2
import pytest

from oidc_server.clients.metadata import RESPONSE_TYPES
from tests.actors.person import Person
from tests.actors.relying_party import Answer, RelyingParty, claims
from tests.conftest import ISSUER

WITH_TOKENS = [one for one in RESPONSE_TYPES if one != "code"]
WITH_CODE = [one for one in RESPONSE_TYPES if "code" in one]
WITH_ID_TOKEN = [one for one in RESPONSE_TYPES if "id_token" in one]


@pytest.fixture
def hybrid(http: httpx2.AsyncClient) -> RelyingParty:
    """A client that is registered for every response type."""
    return RelyingParty(http, "hybrid")


def half_hash(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


def members(answer: Answer) -> set[str]:
    return set(answer.parameters) - {"state", "iss", "scope", "session_state"}


@pytest.mark.parametrize("response_type", RESPONSE_TYPES)
@pytest.mark.parametrize("response_mode", [None, "fragment", "form_post"])
async def test_the_answer_holds_what_the_response_type_asks_for(
    person: Person, hybrid: RelyingParty, response_type: str, response_mode: str | None
) -> None:
    answer = await person.approve(hybrid, response_type=response_type, response_mode=response_mode)

    expected = set()
    for word, held in {
        "code": {"code"},
        "token": {"access_token", "token_type", "expires_in"},  # RFC 6749 §4.2.2
        "id_token": {"id_token"},
    }.items():
        expected |= held if word in response_type.split() else set()
    assert members(answer) == expected  # Core §3.2.2.5, §3.3.2.5
    assert answer.parameters["state"] == "the-state"
    assert answer.parameters["iss"] == ISSUER  # RFC 9207 §2
    assert (answer.posted is not None) == (response_mode == "form_post")
    in_query = response_type == "code" and response_mode is None
    assert answer.posted or ("?" in answer.location) == in_query  # Multiple Response Types §5


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
async def test_the_id_token_is_tied_to_what_comes_with_it(
    person: Person, hybrid: RelyingParty, response_type: str
) -> None:
    answer = await person.approve(hybrid, response_type=response_type)
    told = claims(answer.parameters["id_token"])

    assert told["nonce"] == "the-nonce"  # Core §3.2.2.10, §3.3.2.11
    assert told["aud"] == "hybrid"
    access_token, code = answer.parameters.get("access_token"), answer.parameters.get("code")
    assert told.get("at_hash") == (half_hash(access_token) if access_token else None)  # Core §3.3.2.11
    assert told.get("c_hash") == (half_hash(code) if code else None)


async def test_without_an_access_token_the_id_token_tells_what_the_scopes_ask(
    person: Person, hybrid: RelyingParty
) -> None:
    alone = await person.approve(hybrid, response_type="id_token")  # Core §5.4
    together = await person.approve(hybrid, response_type="id_token token")

    assert claims(alone.parameters["id_token"])["email"] == "alice@example.com"
    assert "email" not in claims(together.parameters["id_token"])


@pytest.mark.parametrize("response_type", WITH_CODE)
async def test_a_code_of_the_hybrid_flow_is_redeemed_like_any_other(
    person: Person, hybrid: RelyingParty, response_type: str
) -> None:
    answer = await person.approve(hybrid, response_type=response_type)
    tokens = await hybrid.redeem(answer.code)

    assert tokens.status == 200
    assert tokens.id_claims["nonce"] == "the-nonce"
    if "id_token" in answer.parameters:
        told = claims(answer.parameters["id_token"])
        assert (told["iss"], told["sub"]) == (tokens.id_claims["iss"], tokens.id_claims["sub"])  # Core §3.3.3.6
    assert (await hybrid.refresh(tokens.refresh_token)).status == 200


@pytest.mark.parametrize("response_type", ["id_token token", "code token", "code id_token token"])
async def test_an_access_token_from_the_browser_works_until_its_grant_ends(
    person: Person, hybrid: RelyingParty, http: httpx2.AsyncClient, response_type: str
) -> None:
    token = (await person.approve(hybrid, response_type=response_type)).parameters["access_token"]

    assert (await hybrid.introspect(token))["active"]
    answer = await http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["email"] == "alice@example.com"


async def test_a_replayed_code_ends_the_access_token_that_came_with_it(person: Person, hybrid: RelyingParty) -> None:
    answer = await person.approve(hybrid, response_type="code token")
    await hybrid.redeem(answer.code)
    await hybrid.redeem(answer.code)

    assert not (await hybrid.introspect(answer.parameters["access_token"]))["active"]  # RFC 6749 §4.1.2


@pytest.mark.parametrize("response_type", ["id_token", "id_token token"])
async def test_the_implicit_flow_brings_no_refresh_token_and_no_code(
    person: Person, hybrid: RelyingParty, response_type: str
) -> None:
    answer = await person.approve(hybrid, response_type=response_type, scope="openid offline_access")

    assert members(answer).isdisjoint({"code", "refresh_token"})  # RFC 6749 §4.2.2


async def test_without_a_code_nobody_stays_connected(person: Person, hybrid: RelyingParty) -> None:
    scope = "openid email offline_access"
    ends = await person.approve(hybrid, response_type="id_token token", scope=scope)  # Core §11
    stays = await person.approve(hybrid, response_type="code token", scope=scope)
    await person.sign_out()

    assert ends.parameters["scope"] == "email openid"
    assert not (await hybrid.introspect(ends.parameters["access_token"]))["active"]
    assert (await hybrid.introspect(stays.parameters["access_token"]))["active"]


@pytest.mark.parametrize("response_type", WITH_TOKENS)
async def test_the_words_of_a_response_type_are_a_set(person: Person, hybrid: RelyingParty, response_type: str) -> None:
    turned = " ".join(reversed(response_type.split()))  # Multiple Response Types §3

    answer = await person.approve(hybrid, response_type=turned)

    assert answer.error is None


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
async def test_an_id_token_through_the_browser_needs_a_nonce(
    person: Person, hybrid: RelyingParty, response_type: str
) -> None:
    answer = await person.approve(hybrid, response_type=response_type, nonce=None)  # Core §3.2.2.1

    assert answer.error == "invalid_request"
    assert "#" in answer.location


async def test_code_and_token_need_no_nonce(person: Person, hybrid: RelyingParty) -> None:
    assert (await person.approve(hybrid, response_type="code token", nonce=None)).error is None


@pytest.mark.parametrize("response_type", WITH_ID_TOKEN)
async def test_an_id_token_needs_the_scope_openid(person: Person, hybrid: RelyingParty, response_type: str) -> None:
    # Core §3.1.2.1, §3.2.2.1
    assert (await person.approve(hybrid, response_type=response_type, scope="orders.read")).error == "invalid_scope"


@pytest.mark.parametrize("response_type", WITH_TOKENS)
async def test_tokens_never_stand_in_a_query(person: Person, hybrid: RelyingParty, response_type: str) -> None:
    answer = await person.approve(hybrid, response_type=response_type, response_mode="query")

    assert answer.error == "invalid_request"  # Multiple Response Types §3
    assert "#" in answer.location


@pytest.mark.parametrize("response_type", WITH_TOKENS)
async def test_a_client_gets_no_response_type_that_it_did_not_register(
    person: Person, relying_party: RelyingParty, response_type: str
) -> None:
    answer = await person.approve(relying_party, response_type=response_type)

    assert answer.error == "unauthorized_client"  # Core §3.2.2.6, §3.3.2.6, RFC 6749 §4.2.2.1
    assert "#" in answer.location


@pytest.mark.parametrize("response_mode", ["query", "fragment", "form_post"])
async def test_a_refusal_goes_the_way_that_the_answer_would_have_gone(
    person: Person, relying_party: RelyingParty, response_mode: str
) -> None:
    answer = await person.refuse(relying_party, response_mode=response_mode)

    assert answer.error == "access_denied"
    # Multiple Response Types §5, Form Post Response Mode §2
    assert (answer.posted is not None) == (response_mode == "form_post")
    assert answer.posted or ("#" in answer.location) == (response_mode == "fragment")
    assert answer.parameters["state"] == "the-state"


async def test_only_a_client_that_need_not_may_leave_pkce_out(
    person: Person, hybrid: RelyingParty, relying_party: RelyingParty
) -> None:
    without = {"code_challenge": None, "code_challenge_method": None}

    answer = await person.approve(hybrid, **without)
    assert (await hybrid.redeem(answer.code, code_verifier=None)).status == 200
    assert (await person.approve(relying_party, **without)).error == "invalid_request"


async def test_a_verifier_without_a_challenge_is_refused(person: Person, hybrid: RelyingParty) -> None:
    answer = await person.approve(hybrid, code_challenge=None, code_challenge_method=None)

    assert (await hybrid.redeem(answer.code)).error == "invalid_grant"  # RFC 9700 §4.8.2


async def test_who_sends_a_challenge_must_answer_it_even_where_none_is_needed(
    person: Person, hybrid: RelyingParty
) -> None:
    answer = await person.approve(hybrid)

    # RFC 9700 §2.1.1, RFC 7636 §4.6
    assert (await hybrid.redeem(answer.code, code_verifier=None)).error == "invalid_request"
