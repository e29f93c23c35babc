"""Refreshing: rotation, what a replay costs, and what is looked at anew each time."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.actors.resource_server import ResourceServer
from tests.oauth import deeds

SCOPE = "openid orders.read"
RETRY = timedelta(seconds=10)
DAY = timedelta(days=1)


@pytest.fixture
async def first(person: Person, relying_party: RelyingParty, held_clock: HeldClock) -> Tokens:
    """What the shop got for its code."""
    answer = await person.approve(relying_party, scope=SCOPE)
    return await relying_party.redeem(answer.code)


@pytest.fixture
async def offline(person: Person, relying_party: RelyingParty, held_clock: HeldClock) -> Tokens:
    """The same, for as long as Alice doesn't withdraw it."""
    answer = await person.approve(relying_party, scope=f"{SCOPE} offline_access")
    return await relying_party.redeem(answer.code)


async def test_every_refresh_gives_a_new_refresh_token(relying_party: RelyingParty, first: Tokens) -> None:
    seen = [first.refresh_token]
    for _ in range(5):
        seen.append((await relying_party.refresh(seen[-1])).refresh_token)

    assert len(set(seen)) == 6  # RFC 9700 §4.14.2


async def test_a_refresh_gives_good_tokens(
    relying_party: RelyingParty, resource_server: ResourceServer, first: Tokens
) -> None:
    second = await relying_party.refresh(first.refresh_token)

    assert set(second.body) == set(first.body)
    assert second.body["scope"] == first.body["scope"]  # RFC 6749 §6
    assert second.access_claims["jti"] != first.access_claims["jti"]
    assert await resource_server.accepts(second.access_token)
    assert await resource_server.accepts(first.access_token)
    assert second.response.headers["cache-control"] == "no-store"


async def test_a_lost_answer_can_be_asked_for_again_and_is_the_same_successor(
    relying_party: RelyingParty, resource_server: ResourceServer, first: Tokens, held_clock: HeldClock
) -> None:
    second = await relying_party.refresh(first.refresh_token)
    held_clock.move(RETRY - timedelta(seconds=1))

    again = await relying_party.refresh(first.refresh_token)

    assert again.refresh_token == second.refresh_token
    assert await resource_server.accepts(again.access_token)
    assert (await relying_party.refresh(again.refresh_token)).status == 200


async def test_asking_again_does_not_prolong_the_time_for_asking_again(
    relying_party: RelyingParty, first: Tokens, held_clock: HeldClock
) -> None:
    await relying_party.refresh(first.refresh_token)
    held_clock.move(RETRY * 0.9)
    assert (await relying_party.refresh(first.refresh_token)).status == 200
    held_clock.move(RETRY * 0.9)

    assert (await relying_party.refresh(first.refresh_token)).error == "invalid_grant"


async def test_after_that_time_a_replay_ends_the_grant(
    relying_party: RelyingParty, resource_server: ResourceServer, first: Tokens, held_clock: HeldClock
) -> None:
    second = await relying_party.refresh(first.refresh_token)
    held_clock.move(RETRY)

    replay = await relying_party.refresh(first.refresh_token)

    assert replay.error == "invalid_grant"
    assert (await relying_party.refresh(second.refresh_token)).error == "invalid_grant"  # RFC 9700 §4.14.2
    assert not await resource_server.accepts(first.access_token)
    assert not await resource_server.accepts(second.access_token)
    assert (await relying_party.userinfo(second.access_token)).status_code == 401


async def test_an_older_token_ends_the_grant_at_any_time(relying_party: RelyingParty, first: Tokens) -> None:
    second = await relying_party.refresh(first.refresh_token)
    third = await relying_party.refresh(second.refresh_token)

    assert (await relying_party.refresh(first.refresh_token)).error == "invalid_grant"
    assert (await relying_party.refresh(third.refresh_token)).error == "invalid_grant"


async def test_another_client_neither_rotates_nor_ends_a_grant(
    http: httpx2.AsyncClient, relying_party: RelyingParty, first: Tokens
) -> None:
    poster = RelyingParty(http, "poster", auth="post")
    second = await relying_party.refresh(first.refresh_token)
    third = await relying_party.refresh(second.refresh_token)

    assert (await poster.refresh(third.refresh_token)).error == "invalid_grant"  # RFC 6749 §6, §10.4
    assert (await poster.refresh(first.refresh_token)).error == "invalid_grant"
    assert (await relying_party.refresh(third.refresh_token)).status == 200


async def test_of_fifty_refreshes_at_once_all_get_the_one_successor(relying_party: RelyingParty, first: Tokens) -> None:
    answers = await asyncio.gather(*(relying_party.refresh(first.refresh_token) for _ in range(50)))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.refresh_token for answer in answers}) == 1
    assert len({answer.access_claims["jti"] for answer in answers}) == 50


async def test_a_refresh_may_ask_for_less_and_later_for_all_again(relying_party: RelyingParty, first: Tokens) -> None:
    less = await relying_party.refresh(first.refresh_token, scope="orders.read")
    all_again = await relying_party.refresh(less.refresh_token)

    assert less.body["scope"] == less.access_claims["scope"] == "orders.read"
    assert "id_token" not in less.body
    assert all_again.body["scope"] == SCOPE  # RFC 6749 §6: the refresh token's scope stays what it was


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scope", ["openid orders.write", "openid  orders.read", "admin", 'a"b'])
async def test_a_refresh_for_more_is_refused_and_uses_nothing_up(
    relying_party: RelyingParty, first: Tokens, held_clock: HeldClock, scope: str
) -> None:
    assert (await relying_party.refresh(first.refresh_token, scope=scope)).error == "invalid_scope"  # RFC 6749 §6
    held_clock.move(RETRY)

    assert (await relying_party.refresh(first.refresh_token)).status == 200


async def test_a_refresh_token_that_nobody_uses_expires(
    relying_party: RelyingParty, offline: Tokens, held_clock: HeldClock
) -> None:
    held_clock.move(29 * DAY)
    second = await relying_party.refresh(offline.refresh_token)
    held_clock.move(30 * DAY)

    assert second.status == 200
    assert (await relying_party.refresh(second.refresh_token)).error == "invalid_grant"
    assert not (await relying_party.introspect(second.refresh_token))["active"]


async def test_no_use_keeps_a_grant_alive_for_ever(
    relying_party: RelyingParty, offline: Tokens, held_clock: HeldClock
) -> None:
    latest = offline
    for _ in range(3):
        held_clock.move(29 * DAY)
        latest = await relying_party.refresh(latest.refresh_token)
        assert latest.status == 200
    held_clock.move(3 * DAY)

    assert (await relying_party.refresh(latest.refresh_token)).error == "invalid_grant"


async def test_a_grant_lives_no_longer_than_the_session_it_was_made_in(
    relying_party: RelyingParty, first: Tokens, held_clock: HeldClock
) -> None:
    second = first
    for hours in [11] * 15 + [3 - 1 / 3600]:  # as long as it is in use
        held_clock.move(timedelta(hours=hours))
        second = await relying_party.refresh(second.refresh_token)
    held_clock.move(timedelta(seconds=1))

    assert second.status == 200
    assert (await relying_party.refresh(second.refresh_token)).error == "invalid_grant"


async def test_a_session_that_nobody_uses_takes_its_grants_along(
    person: Person, relying_party: RelyingParty, first: Tokens, held_clock: HeldClock
) -> None:
    held_clock.move(timedelta(hours=12))

    assert (await relying_party.introspect(first.access_token))["active"] is False
    assert (await relying_party.refresh(first.refresh_token)).error == "invalid_grant"
    await person.browser.open("/logout")
    held_clock.move(-timedelta(hours=1))
    assert (await relying_party.refresh(first.refresh_token)).error == "invalid_grant"  # it was ended, not only idle


async def test_signing_out_ends_the_grants_of_the_session(
    person: Person, relying_party: RelyingParty, first: Tokens
) -> None:
    await person.sign_out()

    assert (await relying_party.refresh(first.refresh_token)).error == "invalid_grant"


async def test_offline_access_outlives_the_session(
    person: Person, relying_party: RelyingParty, offline: Tokens, held_clock: HeldClock
) -> None:
    await person.sign_out()
    held_clock.move(8 * DAY)

    assert (await relying_party.refresh(offline.refresh_token)).status == 200  # OpenID Connect Core §11


async def test_a_disabled_person_s_grants_are_dead(relying_party: RelyingParty, house: House, offline: Tokens) -> None:
    await deeds.disable_user(house, "alice")

    assert (await relying_party.refresh(offline.refresh_token)).error == "invalid_grant"
    assert (await relying_party.userinfo(offline.access_token)).status_code == 401


async def test_a_withdrawn_consent_ends_its_grants(
    relying_party: RelyingParty, resource_server: ResourceServer, house: House, offline: Tokens
) -> None:
    await deeds.withdraw_consent(house, "alice", "shop")

    assert (await relying_party.refresh(offline.refresh_token)).error == "invalid_grant"
    assert not await resource_server.accepts(offline.access_token)


async def test_a_consent_given_again_for_less_does_not_bring_back_what_was_withdrawn(
    person: Person, relying_party: RelyingParty, resource_server: ResourceServer, house: House, offline: Tokens
) -> None:
    await deeds.withdraw_consent(house, "alice", "shop")
    await person.approve(relying_party, scope="openid")

    assert not await resource_server.accepts(offline.access_token)
    assert (await relying_party.refresh(offline.refresh_token)).error == "invalid_grant"


async def test_a_client_that_loses_the_grant_type_is_told_so_and_loses_nothing_else(
    relying_party: RelyingParty, house: House, first: Tokens, held_clock: HeldClock
) -> None:
    await deeds.change_client(house, "shop", grant_types=["authorization_code"])
    assert (await relying_party.refresh(first.refresh_token)).error == "unauthorized_client"
    held_clock.move(RETRY)
    await deeds.change_client(house, "shop")

    assert (await relying_party.refresh(first.refresh_token)).status == 200


async def test_a_client_gets_only_what_it_may_still_have(
    relying_party: RelyingParty, house: House, first: Tokens
) -> None:
    await deeds.change_client(house, "shop", scope="openid orders.write")

    assert (await relying_party.refresh(first.refresh_token)).body["scope"] == "openid"  # RFC 6749 §3.3


async def test_a_client_that_lost_every_scope_for_a_while_is_not_punished_as_a_thief(
    relying_party: RelyingParty, house: House, first: Tokens, held_clock: HeldClock
) -> None:
    await deeds.change_client(house, "shop", scope="profile")
    assert (await relying_party.refresh(first.refresh_token)).error == "invalid_grant"
    held_clock.move(RETRY)
    await deeds.change_client(house, "shop")

    assert (await relying_party.refresh(first.refresh_token)).status == 200


async def test_the_new_id_token_tells_of_the_old_sign_in(
    relying_party: RelyingParty, first: Tokens, held_clock: HeldClock
) -> None:
    held_clock.move(timedelta(hours=1))

    second = await relying_party.refresh(first.refresh_token)

    old, new = first.id_claims, second.id_claims
    for name in ("iss", "sub", "aud", "auth_time", "sid", "acr", "amr"):
        assert new[name] == old[name], name  # OpenID Connect Core §12.2
    for name in ("sub", "client_id", "auth_time", "acr", "amr"):
        assert second.access_claims[name] == first.access_claims[name], name  # RFC 9068 §2.2.1
    assert new["iat"] == old["iat"] + 3600
    assert "nonce" in old
    assert "nonce" not in new
    digest = sha256(second.access_token.encode()).digest()[:16]
    assert new["at_hash"] == urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize("junk", ["x", "A" * 72, "a.b.c", "é"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_junk_is_refused_without_asking_the_database(
    relying_party: RelyingParty, house: House, junk: str
) -> None:
    await relying_party.refresh("warms the client up")

    with deeds.statements(house) as seen:
        answer = await relying_party.refresh(junk)

    assert answer.error == "invalid_grant"
    assert seen == []


async def test_a_code_is_no_refresh_token_and_a_refresh_token_is_no_code(
    person: Person, relying_party: RelyingParty, first: Tokens
) -> None:
    code = (await person.approve(relying_party, scope=SCOPE)).code

    assert (await relying_party.refresh(code)).error == "invalid_grant"  # RFC 6749 §5.2
    assert (await relying_party.redeem(first.refresh_token)).error == "invalid_grant"
    assert (await relying_party.refresh(first.access_token)).error == "invalid_grant"


async def test_a_public_client_refreshes_and_rotates_too(person: Person, spa: RelyingParty) -> None:
    first = await spa.redeem((await person.approve(spa, scope="openid")).code)
    second = await spa.refresh(first.refresh_token)
    third = await spa.refresh(second.refresh_token)

    assert third.status == 200
    assert (await spa.refresh(first.refresh_token)).error == "invalid_grant"  # RFC 9700 §2.2.2, §4.14.2
    assert (await spa.refresh(third.refresh_token)).error == "invalid_grant"


async def test_a_refresh_is_one_look_and_one_update(relying_party: RelyingParty, house: House, first: Tokens) -> None:
    with deeds.statements(house) as seen:
        await relying_party.refresh(first.refresh_token)

    assert [statement.split()[0] for statement in seen] == ["SELECT", "UPDATE"]
