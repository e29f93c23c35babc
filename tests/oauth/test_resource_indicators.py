"""Resource indicators: a token for one API is of no use at another (RFC 8707)."""

from typing import Any

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, claims, header
from tests.conftest import ISSUER
from tests.factories import API, World, furnish
from tests.oauth import deeds

OTHER = "https://other.example.com"
CAREFUL = "https://careful.example.com/api"
SCOPE = "openid email orders.read other.read"


@pytest.fixture
async def shop(house: House, http: httpx2.AsyncClient) -> RelyingParty:
    """A client of several APIs, of which one wants short-lived tokens of another algorithm."""
    from_shop: dict[str, Any] = {
        "client_id": "many",
        "client_secret": "secret-of-many-0123456789abcdef",
        "redirect_uris": ["https://many.example.com/callback"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "skip_consent": True,
        "scope": f"{SCOPE} offline_access careful.read",
    }
    apis: list[dict[str, Any]] = [
        {"resource": OTHER, "scopes": ["other.read"]},
        {"resource": CAREFUL, "scopes": ["careful.read"], "token_lifetime": 60, "token_signing_alg": "ES256"},
    ]
    await house.database.run(furnish, house, World(clients=[from_shop], resources=apis))
    await deeds.notice(house)
    return RelyingParty(http, "many")


async def test_without_one_a_token_is_for_every_api_that_its_scopes_speak_to(
    person: Person, shop: RelyingParty
) -> None:
    tokens = await shop.redeem((await person.approve(shop, scope=SCOPE)).code)

    assert tokens.access_claims["aud"] == [API, OTHER, ISSUER]


async def test_a_token_request_narrows_its_token_to_one_api_and_its_scopes(person: Person, shop: RelyingParty) -> None:
    tokens = await shop.redeem((await person.approve(shop, scope=SCOPE)).code, resource=API)

    assert tokens.access_claims["aud"] == API
    assert tokens.access_claims["scope"] == tokens.body["scope"] == "orders.read"  # RFC 8707 §2.2
    assert tokens.id_claims["aud"] == "many"
    assert (await shop.userinfo(tokens.access_token)).status_code == 401

    other = await shop.refresh(tokens.refresh_token, resource=OTHER)
    assert (other.access_claims["aud"], other.access_claims["scope"]) == (OTHER, "other.read")


async def test_what_the_authorization_request_named_is_all_there_is(person: Person, shop: RelyingParty) -> None:
    tokens = await shop.redeem((await person.approve(shop, scope=SCOPE, resource=API)).code)

    assert tokens.access_claims["aud"] == [API, ISSUER]
    assert set(tokens.access_claims["scope"].split()) == {"openid", "email", "orders.read"}  # RFC 8707 §2.1
    refused = await shop.refresh(tokens.refresh_token, resource=OTHER)
    assert refused.error == "invalid_target"
    assert (await shop.refresh(tokens.refresh_token)).status == 200


async def test_several_may_be_named(person: Person, shop: RelyingParty, http: httpx2.AsyncClient) -> None:
    page = await person.browser.open(f"{shop.authorization_url(scope=SCOPE)}&resource={API}&resource={OTHER}")
    answer = shop.answer(await person.sign_in(page))
    tokens = await shop.redeem(answer.code)

    assert tokens.access_claims["aud"] == [API, OTHER, ISSUER]  # RFC 8707 §2


async def test_a_machine_narrows_its_token_too(shop: RelyingParty) -> None:
    tokens = await shop.ask("client_credentials", resource=OTHER)

    assert (tokens.access_claims["aud"], tokens.access_claims["scope"]) == (OTHER, "other.read")  # RFC 8707 §2.2


@pytest.mark.parametrize(
    "resource", ["https://unknown.example.com", "x", f"{API}/", f"{API}#x", "https://a b", "\u00fc"]
)
async def test_an_unknown_resource_is_refused_everywhere(person: Person, shop: RelyingParty, resource: str) -> None:
    assert (await person.approve(shop, scope=SCOPE, resource=resource)).error == "invalid_target"  # RFC 8707 §2
    assert (await shop.ask("client_credentials", resource=resource)).error == "invalid_target"
    code = (await person.approve(shop, scope=SCOPE)).code
    assert (await shop.redeem(code, resource=resource)).error == "invalid_target"
    assert (await shop.redeem(code)).status == 200  # nothing was used up


async def test_a_resource_that_no_scope_speaks_to_is_not_granted(person: Person, shop: RelyingParty) -> None:
    code = (await person.approve(shop, scope="openid orders.read")).code

    assert (await shop.redeem(code, resource=OTHER)).error == "invalid_target"  # RFC 8707 §2.2


async def test_an_api_chooses_how_its_tokens_are_signed_and_how_long_they_live(
    person: Person, shop: RelyingParty, http: httpx2.AsyncClient, held_clock: HeldClock
) -> None:
    code = (await person.approve(shop, scope="openid careful.read")).code
    tokens = await shop.redeem(code, resource=CAREFUL)

    assert header(tokens.access_token)["alg"] == "ES256"
    told = claims(tokens.access_token)
    assert told["exp"] - told["iat"] == tokens.body["expires_in"] == 60
    assert (await shop.introspect(tokens.access_token))["active"]
    assert header(tokens.id_token)["alg"] == "RS256"
