"""Introspection: who is told of which token, and what."""

from datetime import timedelta
from typing import Any

import httpx2
import jwt as pyjwt
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens, claims, header
from tests.conftest import ISSUER
from tests.factories import API, World, furnish, secret_of
from tests.oauth import deeds

INACTIVE = {"active": False}
OPEN_API = "https://open.example.com"


@pytest.fixture
async def tokens(person: Person, relying_party: RelyingParty, held_clock: HeldClock) -> Tokens:
    """The shop's tokens, for the API and for us."""
    answer = await person.approve(relying_party, scope="openid orders.read")
    return await relying_party.redeem(answer.code)


@pytest.fixture
def api(http: httpx2.AsyncClient) -> RelyingParty:
    """The client as which the API asks."""
    return RelyingParty(http, "api")


async def test_the_api_is_told_what_the_token_says(api: RelyingParty, tokens: Tokens) -> None:
    claims = tokens.access_claims

    told = await api.introspect(tokens.access_token)

    names = ("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "auth_time", "acr", "amr")
    assert told == {"active": True, "token_type": "Bearer", **{name: claims[name] for name in names}}  # RFC 7662 §2.2


async def test_no_cache_keeps_the_answer(http: httpx2.AsyncClient, api: RelyingParty, tokens: Tokens) -> None:
    response = await api.post("/introspect", token=tokens.access_token)

    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unheard-of"])
async def test_the_hint_is_only_a_hint(
    relying_party: RelyingParty, tokens: Tokens, hint: str, database_url: str
) -> None:
    for token in (tokens.access_token, tokens.refresh_token):
        response = await relying_party.post("/introspect", token=token, token_type_hint=hint)

        assert response.json()["active"]  # RFC 7662 §2.1


async def test_a_token_is_told_of_to_its_own_client_and_to_the_api_it_is_for_and_to_nobody_else(
    http: httpx2.AsyncClient, tokens: Tokens
) -> None:
    askers = {"shop": "basic", "api": "basic", "poster": "post", "machine": "basic", "spa": "none", "cli": "none"}

    told = {
        name: (await RelyingParty(http, name, auth=auth).introspect(tokens.access_token))["active"]
        for name, auth in askers.items()
    }

    # RFC 7662 §2.2, §4
    assert told == {"shop": True, "api": True, "poster": False, "machine": False, "spa": False, "cli": False}


async def test_an_api_that_did_not_say_as_whom_it_asks_may_ask_as_any_confidential_client(
    http: httpx2.AsyncClient, house: House, person: Person, relying_party: RelyingParty
) -> None:
    resource = {"resource": OPEN_API, "scopes": {"open.read": "Read"}}
    await house.database.run(furnish, house, World(resources=[resource]))
    await deeds.change_client(house, "shop", scope="open.read")
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="open.read")).code)

    assert (await RelyingParty(http, "machine").introspect(tokens.access_token))["aud"] == OPEN_API
    assert await RelyingParty(http, "spa", auth="none").introspect(tokens.access_token) == INACTIVE


async def test_a_public_client_is_told_of_its_own_tokens_only(
    person: Person, spa: RelyingParty, tokens: Tokens
) -> None:
    own = await spa.redeem((await person.approve(spa, scope="openid orders.read")).code)

    assert (await spa.introspect(own.access_token))["active"]
    assert (await spa.introspect(own.refresh_token))["active"]
    assert await spa.introspect(tokens.access_token) == INACTIVE
    assert await spa.introspect(tokens.refresh_token) == INACTIVE


async def test_a_refresh_token_is_told_of_to_its_client_only(
    relying_party: RelyingParty, api: RelyingParty, tokens: Tokens
) -> None:
    told = await relying_party.introspect(tokens.refresh_token)

    assert told["active"]
    assert (told["client_id"], told["sub"], told["scope"]) == ("shop", tokens.id_claims["sub"], "openid orders.read")
    assert "token_type" not in told  # it is no Bearer token
    assert await api.introspect(tokens.refresh_token) == INACTIVE  # RFC 7662 §2.2


async def test_only_the_current_refresh_token_is_active(relying_party: RelyingParty, tokens: Tokens) -> None:
    second = await relying_party.refresh(tokens.refresh_token)

    assert await relying_party.introspect(tokens.refresh_token) == INACTIVE
    assert (await relying_party.introspect(second.refresh_token))["active"]


async def test_asking_about_a_refresh_token_uses_nothing_up(relying_party: RelyingParty, tokens: Tokens) -> None:
    await relying_party.introspect(tokens.refresh_token)

    assert (await relying_party.refresh(tokens.refresh_token)).status == 200


async def test_an_expired_token_is_inactive(api: RelyingParty, tokens: Tokens, held_clock: HeldClock) -> None:
    held_clock.move(timedelta(minutes=10) - timedelta(seconds=1))
    assert (await api.introspect(tokens.access_token))["active"]
    held_clock.move(timedelta(seconds=1))

    assert await api.introspect(tokens.access_token) == INACTIVE  # RFC 7662 §2.2, §4


async def test_an_id_token_and_a_code_are_no_tokens_to_introspect(
    person: Person, relying_party: RelyingParty, tokens: Tokens
) -> None:
    code = (await person.approve(relying_party, scope="openid orders.read")).code

    assert await relying_party.introspect(tokens.id_token) == INACTIVE  # RFC 7662 §2.2
    assert await relying_party.introspect(code) == INACTIVE
    assert (await relying_party.redeem(code)).status == 200


@pytest.mark.parametrize("junk", ["x", "a.b", "a.b.c", "a.b.c.d", "é", "." * 100, "A" * 16000, "{}.{}.{}"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_junk_is_inactive(relying_party: RelyingParty, junk: str) -> None:
    assert await relying_party.introspect(junk) == INACTIVE  # RFC 7662 §2.2


@pytest.mark.parametrize("deed", ["user", "consent", "client", "session"])
async def test_a_token_dies_with_what_it_rests_on(
    person: Person, api: RelyingParty, tokens: Tokens, house: House, deed: str
) -> None:
    deeds_by_name: dict[str, Any] = {
        "user": lambda: deeds.disable_user(house, "alice"),
        "consent": lambda: deeds.withdraw_consent(house, "alice", "shop"),
        "client": lambda: deeds.disable_client(house, "shop"),
        "session": person.sign_out,
    }
    assert (await api.introspect(tokens.access_token))["active"]

    await deeds_by_name[deed]()

    assert await api.introspect(tokens.access_token) == INACTIVE  # RFC 7662 §4


async def test_a_token_is_needed(relying_party: RelyingParty) -> None:
    response = await relying_party.post("/introspect")

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")  # RFC 7662 §2.1


async def test_a_first_party_client_s_token_needs_no_consent_to_live(
    http: httpx2.AsyncClient, person: Person, api: RelyingParty
) -> None:
    party = RelyingParty(http, "first-party")
    tokens = await party.redeem((await person.approve(party, scope="orders.read")).code)

    assert (await api.introspect(tokens.access_token))["aud"] == API


async def test_it_costs_one_statement(api: RelyingParty, house: House, tokens: Tokens) -> None:
    await api.introspect(tokens.access_token)

    with deeds.statements(house) as seen:
        await api.introspect(tokens.access_token)

    assert len(seen) == 1


async def test_who_asks_for_a_jwt_gets_the_same_signed(http: httpx2.AsyncClient, tokens: Tokens) -> None:
    accept, auth = {"Accept": "application/token-introspection+jwt"}, ("api", secret_of("api"))

    response = await http.post("/introspect", data={"token": tokens.access_token}, headers=accept, auth=auth)
    plain = await http.post("/introspect", data={"token": tokens.access_token}, auth=auth)

    assert response.headers["content-type"] == "application/token-introspection+jwt"  # RFC 9701 §5
    keys = pyjwt.PyJWKSet.from_dict((await http.get("/jwks")).json())
    key = keys[header(response.text)["kid"]]
    told = pyjwt.decode(response.text, key, algorithms=["RS256"], audience="api", issuer=ISSUER)
    assert told["token_introspection"] == plain.json()
    assert {"sub", "exp"}.isdisjoint(told)  # RFC 9701 §4, §5
    assert header(response.text)["typ"] == "token-introspection+jwt"

    as_token = await http.get("/userinfo", headers={"Authorization": f"Bearer {response.text}"})
    assert as_token.status_code == 401


async def test_a_jwt_tells_a_stranger_no_more(
    relying_party: RelyingParty, http: httpx2.AsyncClient, tokens: Tokens
) -> None:
    accept = {"Accept": "application/token-introspection+jwt"}

    response = await http.post(
        "/introspect", data={"token": tokens.access_token}, headers=accept, auth=("poster", secret_of("poster"))
    )
    assert response.status_code == 401  # RFC 9701 §4

    response = await http.post(
        "/introspect", data={"token": tokens.access_token}, headers=accept, auth=("machine", secret_of("machine"))
    )
    assert claims(response.text)["token_introspection"] == INACTIVE  # RFC 9701 §5
