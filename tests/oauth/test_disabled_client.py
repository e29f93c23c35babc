"""A disabled client is refused everywhere at once, and so is what it was given."""

import httpx2
import pytest

from oidc_server.house import House
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.actors.resource_server import ResourceServer
from tests.factories import PASSWORD, add_client, client
from tests.oauth import deeds

EVERYTHING = ["authorization_code", "refresh_token", "client_credentials", "password"]


@pytest.fixture
async def tokens(person: Person, relying_party: RelyingParty, house: House) -> Tokens:
    """The shop's tokens; it may use every grant."""
    await deeds.change_client(house, "shop", grant_types=EVERYTHING)
    return await relying_party.redeem((await person.approve(relying_party, scope="openid orders.read")).code)


async def test_every_grant_is_refused(
    person: Person, relying_party: RelyingParty, house: House, tokens: Tokens
) -> None:
    code = (await person.approve(relying_party, scope="openid orders.read")).code
    await deeds.disable_client(house, "shop")

    answers = [
        await relying_party.redeem(code),
        await relying_party.refresh(tokens.refresh_token),
        await relying_party.ask("client_credentials"),
        await relying_party.ask("password", username="alice", password=PASSWORD),
    ]

    assert [(answer.status, answer.error) for answer in answers] == [(401, "invalid_client")] * 4


async def test_its_tokens_are_dead_and_it_may_not_even_ask(
    relying_party: RelyingParty, resource_server: ResourceServer, house: House, tokens: Tokens
) -> None:
    await deeds.disable_client(house, "shop")

    assert not await resource_server.accepts(tokens.access_token)
    assert (await relying_party.userinfo(tokens.access_token)).status_code == 401
    assert (await relying_party.post("/introspect", token=tokens.access_token)).status_code == 401
    assert (await relying_party.revoke(tokens.access_token)).status_code == 401


async def test_nobody_is_sent_to_it(person: Person, relying_party: RelyingParty, house: House) -> None:
    await deeds.disable_client(house, "shop")

    page = await person.visit(relying_party)

    assert page.status == 400
    assert "oauth-error" in page.ids
    assert "location" not in page.response.headers  # RFC 6749 §4.1.2.1


async def test_its_scripts_get_no_cors_headers(http: httpx2.AsyncClient, spa: RelyingParty, house: House) -> None:
    headers = {"Origin": "https://spa.example.com"}
    assert "access-control-allow-origin" in (await http.get("/jwks", headers=headers)).headers
    await deeds.disable_client(house, "spa")

    assert "access-control-allow-origin" not in (await http.get("/jwks", headers=headers)).headers


async def test_enabled_again_it_works_again(relying_party: RelyingParty, house: House, tokens: Tokens) -> None:
    await deeds.disable_client(house, "shop")
    await add_client(house, **client("shop"))
    await deeds.notice(house)

    assert (await relying_party.refresh(tokens.refresh_token)).status == 200


async def test_other_clients_go_on(relying_party: RelyingParty, house: House, tokens: Tokens) -> None:
    await deeds.disable_client(house, "machine")

    assert (await relying_party.userinfo(tokens.access_token)).status_code == 200
