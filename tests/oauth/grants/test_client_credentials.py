"""The client credentials grant: a client acts for itself, and nothing is written."""

import httpx2
import pytest

from oidc_server.audit.models import AuditEvent
from oidc_server.house import House
from oidc_server.sessions.models import BrowserSession
from oidc_server.tokens.models import Grant, RevokedToken
from tests.actors.relying_party import RelyingParty
from tests.actors.resource_server import ResourceServer
from tests.factories import API, add_client, client, public_client
from tests.oauth import deeds

GRANT = "client_credentials"


async def test_a_client_gets_a_token_for_itself(machine: RelyingParty, resource_server: ResourceServer) -> None:
    tokens = await machine.ask(GRANT, scope="orders.read")

    claims = await resource_server.verify(tokens.access_token)
    assert claims["sub"] == claims["client_id"] == "machine"  # RFC 9068 §2.2
    assert claims["aud"] == API
    assert claims["scope"] == tokens.body["scope"] == "orders.read"
    assert await resource_server.accepts(tokens.access_token)


async def test_there_is_no_person_in_it_and_no_refresh_token(machine: RelyingParty) -> None:
    tokens = await machine.ask(GRANT)

    assert set(tokens.body) == {"access_token", "token_type", "expires_in", "scope"}  # RFC 6749 §4.4.3
    assert set(tokens.access_claims) == {"iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti"}


async def test_who_names_no_scope_gets_all_of_its_own_but_none_about_people(machine: RelyingParty) -> None:
    assert (await machine.ask(GRANT)).body["scope"] == "orders.read orders.write"  # RFC 6749 §3.3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scope", ["openid", "profile", "orders.read email", "offline_access", "unheard-of"])
async def test_scopes_about_people_and_unknown_ones_are_refused(machine: RelyingParty, scope: str) -> None:
    assert (await machine.ask(GRANT, scope=scope)).error == "invalid_scope"


async def test_a_client_without_any_scope_of_its_own_is_never_sent_an_empty_scope(
    machine: RelyingParty, house: House
) -> None:
    members = client("machine", grant_types=[GRANT], redirect_uris=[], post_logout_redirect_uris=[], scope="openid")
    await add_client(house, **members)
    await deeds.notice(house)

    tokens = await machine.ask(GRANT)

    assert tokens.body.get("scope") != ""  # RFC 6749 §3.3: a scope has at least one name
    assert tokens.error == "invalid_scope" or tokens.access_claims.get("scope") != ""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("client_id", ["shop", "legacy", "first-party"])
async def test_it_is_for_registered_clients_only(http: httpx2.AsyncClient, client_id: str) -> None:
    assert (await RelyingParty(http, client_id).ask(GRANT)).error == "unauthorized_client"


async def test_a_public_client_is_refused(spa: RelyingParty) -> None:
    assert (await spa.ask(GRANT)).error == "unauthorized_client"  # RFC 6749 §4.4.2


async def test_a_public_client_cannot_even_be_registered_for_it(house: House) -> None:
    with pytest.raises(ValueError, match="client_credentials"):
        await add_client(house, **public_client("thief", grant_types=[GRANT]))


async def test_a_token_costs_no_statement_and_no_row(machine: RelyingParty, house: House) -> None:
    await machine.ask(GRANT)

    with deeds.statements(house) as seen:
        for _ in range(5):
            assert (await machine.ask(GRANT)).status == 200

    assert seen == []
    assert [await deeds.count(house, model) for model in (Grant, BrowserSession, RevokedToken)] == [0, 0, 0]


async def test_each_token_is_told_to_the_audit_trail(machine: RelyingParty, house: House) -> None:
    before = await deeds.count(house, AuditEvent)
    await machine.ask(GRANT, scope="orders.read")

    latest = (await deeds.events(house))[before:]

    assert [(one.event, one.client_id, one.details) for one in latest] == [
        ("client:tokens:issued", "machine", {"grant_type": GRANT, "scope": "orders.read"})
    ]


async def test_it_is_no_token_for_userinfo(machine: RelyingParty) -> None:
    tokens = await machine.ask(GRANT)

    assert (await machine.userinfo(tokens.access_token)).status_code in {401, 403}  # RFC 6750 §3.1


async def test_a_disabled_client_s_tokens_are_dead(
    machine: RelyingParty, resource_server: ResourceServer, house: House
) -> None:
    tokens = await machine.ask(GRANT, scope="orders.read")
    await deeds.disable_client(house, "machine")

    assert not await resource_server.accepts(tokens.access_token)
    assert (await machine.ask(GRANT)).error == "invalid_client"
