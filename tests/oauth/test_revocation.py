"""Revocation: what ends with which token, and for whom."""

from datetime import timedelta

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.tokens.models import RevokedToken
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.actors.resource_server import ResourceServer
from tests.oauth import deeds


@pytest.fixture
async def tokens(person: Person, relying_party: RelyingParty) -> Tokens:
    """The shop's tokens."""
    answer = await person.approve(relying_party, scope="openid orders.read")
    return await relying_party.redeem(answer.code)


async def test_a_revoked_access_token_dies_alone(
    relying_party: RelyingParty, resource_server: ResourceServer, tokens: Tokens
) -> None:
    sister = await relying_party.refresh(tokens.refresh_token)

    response = await relying_party.revoke(tokens.access_token)

    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")  # RFC 7009 §2, §2.2
    assert not await resource_server.accepts(tokens.access_token)
    assert (await relying_party.userinfo(tokens.access_token)).status_code == 401
    assert await resource_server.accepts(sister.access_token)
    assert (await relying_party.refresh(sister.refresh_token)).status == 200


async def test_with_a_refresh_token_its_whole_grant_ends(
    relying_party: RelyingParty, resource_server: ResourceServer, tokens: Tokens
) -> None:
    second = await relying_party.refresh(tokens.refresh_token)

    assert (await relying_party.revoke(second.refresh_token)).status_code == 200

    for issued in (tokens, second):
        assert not await resource_server.accepts(issued.access_token)  # RFC 7009 §2.1
    assert (await relying_party.refresh(second.refresh_token)).error == "invalid_grant"


async def test_an_older_refresh_token_stands_for_the_grant_too(relying_party: RelyingParty, tokens: Tokens) -> None:
    second = await relying_party.refresh(tokens.refresh_token)

    await relying_party.revoke(tokens.refresh_token)

    assert (await relying_party.refresh(second.refresh_token)).error == "invalid_grant"


async def test_another_client_s_token_is_left_alone(
    http: httpx2.AsyncClient, relying_party: RelyingParty, resource_server: ResourceServer, tokens: Tokens
) -> None:
    others = [RelyingParty(http, "api"), RelyingParty(http, "spa", auth="none")]

    answers = [await other.revoke(token) for other in others for token in (tokens.access_token, tokens.refresh_token)]

    told = {(answer.status_code, answer.json()["error"]) for answer in answers}
    assert told == {(400, "invalid_grant")}  # RFC 7009 §2.1: refused, and told so
    assert await resource_server.accepts(tokens.access_token)
    assert (await relying_party.refresh(tokens.refresh_token)).status == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unheard-of"])
async def test_a_wrong_hint_does_no_harm(relying_party: RelyingParty, tokens: Tokens, hint: str) -> None:
    for token in (tokens.access_token, tokens.refresh_token):
        assert (await relying_party.revoke(token, token_type_hint=hint)).status_code == 200  # RFC 7009 §2.1

    assert not (await relying_party.introspect(tokens.access_token))["active"]
    assert (await relying_party.refresh(tokens.refresh_token)).error == "invalid_grant"


@pytest.mark.parametrize("junk", ["x", "a.b.c", "é", "A" * 16000, "." * 40])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_junk_is_revoked_already(relying_party: RelyingParty, junk: str) -> None:
    response = await relying_party.revoke(junk)

    assert (response.status_code, response.json()) == (200, {})  # RFC 7009 §2.2


async def test_revoking_again_changes_nothing(relying_party: RelyingParty, tokens: Tokens, house: House) -> None:
    for _ in range(2):
        for token in (tokens.access_token, tokens.refresh_token):
            assert (await relying_party.revoke(token)).status_code == 200  # RFC 7009 §2.2

    told = [one.event for one in await deeds.events(house) if "revoked" in one.event]
    assert told == ["client:token:revoked", "client:grant:revoked"]


async def test_an_id_token_and_a_code_are_no_tokens_to_revoke(
    person: Person, relying_party: RelyingParty, tokens: Tokens
) -> None:
    code = (await person.approve(relying_party, scope="openid orders.read")).code

    for other in (tokens.id_token, code):
        assert (await relying_party.revoke(other)).status_code == 200

    assert (await relying_party.redeem(code)).status == 200
    assert (await relying_party.userinfo(tokens.access_token)).status_code == 200


async def test_a_token_is_needed(relying_party: RelyingParty) -> None:
    response = await relying_party.revoke("")

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")  # RFC 7009 §2.1


async def test_a_machine_s_token_can_be_revoked_too(machine: RelyingParty, resource_server: ResourceServer) -> None:
    tokens = await machine.ask("client_credentials", scope="orders.read")
    other = await machine.ask("client_credentials", scope="orders.read")

    await machine.revoke(tokens.access_token)

    assert not await resource_server.accepts(tokens.access_token)
    assert await resource_server.accepts(other.access_token)


async def test_a_public_client_revokes_its_own(person: Person, spa: RelyingParty) -> None:
    tokens = await spa.redeem((await person.approve(spa, scope="openid")).code)

    assert (await spa.revoke(tokens.refresh_token)).status_code == 200  # RFC 7009 §2.1
    assert (await spa.userinfo(tokens.access_token)).status_code == 401


async def test_a_revoked_token_is_remembered_only_until_it_expires(
    relying_party: RelyingParty, house: House, held_clock: HeldClock, tokens: Tokens
) -> None:
    await relying_party.revoke(tokens.access_token)
    held_clock.move(timedelta(minutes=10))
    assert (await house.database.run(house.clean_up))["revoked_tokens"] == 0
    held_clock.move(timedelta(minutes=2))

    assert (await house.database.run(house.clean_up))["revoked_tokens"] == 1
    assert await deeds.count(house, RevokedToken) == 0


async def test_an_expired_token_is_not_written_down(
    relying_party: RelyingParty, house: House, held_clock: HeldClock, tokens: Tokens
) -> None:
    held_clock.move(timedelta(minutes=11))

    assert (await relying_party.revoke(tokens.access_token)).status_code == 200
    assert await deeds.count(house, RevokedToken) == 0
