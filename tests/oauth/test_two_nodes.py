"""Two nodes over one database: what one does the other knows, at once or within a second."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from time import monotonic

import httpx2
import pytest
from fastapi import FastAPI

from oidc_server.clients import client_secrets, registrations
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens, header
from tests.conftest import running
from tests.factories import PASSWORD
from tests.oauth import deeds

WITHIN_SECONDS = 1.0
#: What a busy machine may add to a promise about time.
GRACE = 0.5
SELF_REGISTERED = ClientMetadata(redirect_uris=("https://app.example.com/callback",))


@pytest.fixture
async def other_app(settings: Settings, app: FastAPI) -> AsyncIterator[FastAPI]:
    """The second node."""
    async with running(settings) as other:
        yield other


@pytest.fixture
def other_house(other_app: FastAPI) -> House:
    """The second node's parts."""
    found: House = other_app.state.house
    return found


@pytest.fixture
async def elsewhere(other_app: FastAPI, settings: Settings) -> AsyncIterator[RelyingParty]:
    """The shop, as the second node sees it."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=other_app), base_url=settings.issuer) as http:
        yield RelyingParty(http, "shop")


@pytest.fixture
async def tokens(person: Person, relying_party: RelyingParty, elsewhere: RelyingParty) -> Tokens:
    """The shop's tokens, issued here and known there."""
    answer = await person.approve(relying_party, scope="openid orders.read")
    made = await relying_party.redeem(answer.code)
    assert (await elsewhere.userinfo(made.access_token)).status_code == 200
    return made


async def seconds_until(happened: Callable[[], Awaitable[bool]]) -> float:
    """How long it takes until something has happened."""
    started_at = monotonic()
    while not await happened():
        assert monotonic() - started_at < 5, "it never happened"
        await asyncio.sleep(0.02)
    return monotonic() - started_at


async def test_a_client_disabled_here_is_refused_there_within_a_second(
    elsewhere: RelyingParty, house: House, tokens: Tokens
) -> None:
    await deeds.disable_client(house, "shop")

    async def is_refused() -> bool:
        by_token = (await elsewhere.userinfo(tokens.access_token)).status_code == 401
        by_secret = (await elsewhere.ask("client_credentials")).error == "invalid_client"
        return by_token and by_secret

    assert await seconds_until(is_refused) < WITHIN_SECONDS + GRACE


async def test_a_secret_replaced_here_is_replaced_there_within_a_second(
    elsewhere: RelyingParty, house: House, tokens: Tokens
) -> None:
    await deeds.in_transaction(house, client_secrets.rotate, house.sealing, "shop", keep_old_for=timedelta())

    async def is_refused() -> bool:
        return (await elsewhere.post("/introspect", token="junk")).status_code == 401

    assert await seconds_until(is_refused) < WITHIN_SECONDS + GRACE


async def test_a_person_disabled_here_is_refused_there_at_once(
    elsewhere: RelyingParty, house: House, tokens: Tokens, other_app: FastAPI, settings: Settings
) -> None:
    await deeds.disable_user(house, "alice")

    assert (await elsewhere.userinfo(tokens.access_token)).status_code == 401
    assert (await elsewhere.refresh(tokens.refresh_token)).error == "invalid_grant"
    stranger = Person(Browser.within(other_app, settings.issuer, "203.0.113.8"))
    assert (await stranger.sign_in(password=PASSWORD)).status == 422
    await stranger.browser.close()


async def test_a_token_revoked_here_is_refused_there_at_once(
    relying_party: RelyingParty, elsewhere: RelyingParty, tokens: Tokens
) -> None:
    await relying_party.revoke(tokens.access_token)

    assert (await elsewhere.userinfo(tokens.access_token)).status_code == 401
    assert not (await elsewhere.introspect(tokens.access_token))["active"]


async def test_a_session_is_one_session_on_both(
    person: Person, elsewhere: RelyingParty, tokens: Tokens, other_app: FastAPI
) -> None:
    await person.sign_out()

    assert (await elsewhere.refresh(tokens.refresh_token)).error == "invalid_grant"


async def test_a_code_made_here_is_redeemed_there_and_replayed_here(
    person: Person, relying_party: RelyingParty, elsewhere: RelyingParty
) -> None:
    elsewhere.verifier = relying_party.verifier
    code = (await person.approve(relying_party)).code

    tokens = await elsewhere.redeem(code)
    replay = await relying_party.redeem(code)

    assert (tokens.status, replay.error) == (200, "invalid_grant")
    assert (await elsewhere.userinfo(tokens.access_token)).status_code == 401


async def test_refreshing_on_both_at_once_gives_one_successor(
    relying_party: RelyingParty, elsewhere: RelyingParty, tokens: Tokens
) -> None:
    parties = [relying_party, elsewhere] * 10

    answers = await asyncio.gather(*(party.refresh(tokens.refresh_token) for party in parties))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.refresh_token for answer in answers}) == 1


async def test_a_key_rotated_here_signs_there_within_a_second(
    elsewhere: RelyingParty, house: House, tokens: Tokens
) -> None:
    kid = await house.database.run(lambda: house.rotation.rotate(at_once=True))
    latest: list[Tokens] = []

    async def signs_there() -> bool:
        latest.append(await elsewhere.refresh(latest[-1].refresh_token if latest else tokens.refresh_token))
        return bool(header(latest[-1].access_token)["kid"] == kid)

    assert await seconds_until(signs_there) < WITHIN_SECONDS + GRACE
    assert (await elsewhere.userinfo(tokens.access_token)).status_code == 200


async def test_a_token_that_one_node_has_just_signed_is_good_at_the_other(
    relying_party: RelyingParty, elsewhere: RelyingParty, house: House, tokens: Tokens
) -> None:
    await house.database.run(lambda: house.rotation.rotate(at_once=True))
    await deeds.notice(house)

    fresh = await relying_party.refresh(tokens.refresh_token)

    assert header(fresh.access_token)["kid"] != header(tokens.access_token)["kid"]
    await asyncio.sleep(0.11)  # a node that misses a kid looks again ten times a second at most
    assert (await elsewhere.userinfo(fresh.access_token)).status_code == 200


async def test_a_resource_registered_here_is_known_there_within_a_second(
    elsewhere: RelyingParty, house: House, tokens: Tokens
) -> None:
    await deeds.change_client(house, "shop", grant_types=["client_credentials"], scope="orders.read")

    async def is_known() -> bool:
        return (await elsewhere.ask("client_credentials")).status == 200

    assert await seconds_until(is_known) < WITHIN_SECONDS + GRACE


async def test_a_client_deleted_here_is_refused_there_within_a_second(
    settings: Settings, other_app: FastAPI, house: House, http: httpx2.AsyncClient
) -> None:
    made = await deeds.in_transaction(house, registrations.add, house.sealing, SELF_REGISTERED, None)
    client_id, secret = made.row.client_id, made.secret or ""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=other_app), base_url=settings.issuer) as there:
        party = RelyingParty(there, client_id, secret=secret)
        assert await party.introspect("x") == {"active": False}
        await deeds.in_transaction(house, registrations.remove, client_id)

        async def is_refused() -> bool:
            return (await party.post("/introspect", token="x")).status_code == 401

        assert await seconds_until(is_refused) < WITHIN_SECONDS + GRACE
