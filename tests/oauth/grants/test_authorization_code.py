"""Redeeming a code: who may, with what, for how long, and what becomes of it when something is wrong."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.sealing import Sealing
from oidc_server.house import House
from oidc_server.tokens import code as codes
from oidc_server.tokens.models import Grant
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.resource_server import ResourceServer
from tests.oauth import deeds

LIFETIME = timedelta(minutes=1)


@pytest.fixture
def poster(http: httpx2.AsyncClient) -> RelyingParty:
    """Another confidential client."""
    return RelyingParty(http, "poster", auth="post")


async def test_a_code_lives_one_minute(person: Person, relying_party: RelyingParty, held_clock: HeldClock) -> None:
    young = await person.approve(relying_party)
    held_clock.move(LIFETIME - timedelta(seconds=1))
    assert (await relying_party.redeem(young.code)).status == 200

    old = await person.approve(relying_party)
    held_clock.move(LIFETIME)
    assert (await relying_party.redeem(old.code)).error == "invalid_grant"  # RFC 6749 §4.1.2


async def test_the_answer_is_complete_and_no_cache_keeps_it(person: Person, relying_party: RelyingParty) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)

    assert set(tokens.body) == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    assert (tokens.body["token_type"], tokens.body["expires_in"]) == ("Bearer", 600)  # Core §3.1.3.3
    assert tokens.body["scope"] == "email openid profile"
    assert tokens.response.headers["cache-control"] == "no-store"  # RFC 6749 §5.1
    assert tokens.response.headers["pragma"] == "no-cache"
    assert tokens.response.headers["content-type"] == "application/json"


async def test_without_openid_there_is_no_id_token(person: Person, relying_party: RelyingParty) -> None:
    answer = await person.approve(relying_party, scope="orders.read")

    assert "id_token" not in (await relying_party.redeem(answer.code)).body  # Core §3.1.2.1


async def test_a_client_that_may_not_refresh_gets_no_refresh_token(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    await deeds.change_client(house, "shop", grant_types=["authorization_code"])
    answer = await person.approve(relying_party, scope="openid offline_access")

    tokens = await relying_party.redeem(answer.code)

    assert "refresh_token" not in tokens.body
    assert tokens.body["scope"] == "openid"  # OpenID Connect Core §11


async def test_a_code_is_nothing_to_another_client(
    person: Person, relying_party: RelyingParty, poster: RelyingParty
) -> None:
    code = (await person.approve(relying_party)).code

    stolen = await poster.redeem(code, redirect_uri=relying_party.redirect_uri, code_verifier=relying_party.verifier)

    assert stolen.error == "invalid_grant"  # RFC 6749 §4.1.3, Core §3.1.3.2
    assert (await relying_party.redeem(code)).status == 200


async def test_another_client_cannot_end_a_grant_with_a_spent_code(
    person: Person, relying_party: RelyingParty, poster: RelyingParty, resource_server: ResourceServer
) -> None:
    code = (await person.approve(relying_party)).code
    tokens = await relying_party.redeem(code)

    await poster.redeem(code, redirect_uri=relying_party.redirect_uri, code_verifier=relying_party.verifier)

    assert (await relying_party.userinfo(tokens.access_token)).status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://shop.example.com/callback/"}, "invalid_grant"),
        ({"redirect_uri": "https://SHOP.example.com/callback"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"code": None}, "invalid_request"),
    ],
)
async def test_a_request_that_is_wrong_uses_nothing_up(
    person: Person, relying_party: RelyingParty, changes: dict[str, str | None], error: str
) -> None:
    code = (await person.approve(relying_party)).code

    wrong = await relying_party.redeem(**{"code": code, **changes})  # type: ignore[arg-type]

    assert wrong.error == error  # RFC 6749 §4.1.3, RFC 7636 §4.6, Core §3.1.3.4
    assert (await relying_party.redeem(code)).status == 200


async def test_who_lacks_the_verifier_cannot_end_a_grant_with_its_code(
    person: Person, relying_party: RelyingParty
) -> None:
    code = (await person.approve(relying_party)).code
    tokens = await relying_party.redeem(code)

    await relying_party.redeem(code, code_verifier="x" * 43)

    assert (await relying_party.userinfo(tokens.access_token)).status_code == 200


async def test_a_replay_after_the_code_s_expiry_still_ends_the_grant(
    person: Person, relying_party: RelyingParty, resource_server: ResourceServer, held_clock: HeldClock
) -> None:
    answer = await person.approve(relying_party, scope="openid orders.read offline_access")
    tokens = await relying_party.redeem(answer.code)
    fresh = await relying_party.refresh(tokens.refresh_token)
    held_clock.move(timedelta(minutes=5))

    replay = await relying_party.redeem(answer.code)

    assert replay.error == "invalid_grant"
    for issued in (tokens, fresh):
        assert not await resource_server.accepts(issued.access_token)  # RFC 6749 §4.1.2
        assert (await relying_party.userinfo(issued.access_token)).status_code == 401
    assert (await relying_party.refresh(fresh.refresh_token)).error == "invalid_grant"


async def test_a_replay_ends_one_grant_and_no_other(person: Person, relying_party: RelyingParty) -> None:
    first, second = await person.approve(relying_party), await person.approve(relying_party)
    await relying_party.redeem(first.code)
    other = await relying_party.redeem(second.code)

    await relying_party.redeem(first.code)

    assert (await relying_party.userinfo(other.access_token)).status_code == 200


async def test_of_fifty_exchanges_at_once_one_succeeds(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    code = (await person.approve(relying_party)).code

    answers = await asyncio.gather(*(relying_party.redeem(code) for _ in range(50)))

    assert sorted(answer.status for answer in answers) == [200] + [400] * 49  # RFC 6749 §10.5
    assert {answer.error for answer in answers} == {None, "invalid_grant"}
    replayed = [one for one in await deeds.events(house) if one.event == "client:code:replayed"]
    assert len(replayed) == 1  # revoked once, and told once


@pytest.mark.parametrize("junk", ["x", "0" * 66, "é", "a.b.c", "A" * 16000, "../../etc/passwd", "' OR 1=1 --"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_junk_is_refused_without_asking_the_database(
    relying_party: RelyingParty, house: House, junk: str
) -> None:
    await relying_party.redeem("warms the client up")

    with deeds.statements(house) as seen:
        answer = await relying_party.redeem(junk)

    assert answer.error == "invalid_grant"
    assert seen == []


async def test_a_code_of_another_installation_is_junk(relying_party: RelyingParty, house: House) -> None:
    foreign = codes.mint(Sealing({1: b"x" * 32}), uuid4())
    await relying_party.redeem("warms the client up")

    with deeds.statements(house) as seen:
        answer = await relying_party.redeem(foreign)

    assert answer.error == "invalid_grant"
    assert seen == []


async def test_a_code_whose_grant_is_gone_is_refused(relying_party: RelyingParty, house: House) -> None:
    answer = await relying_party.redeem(codes.mint(house.sealing, uuid4()))

    assert answer.error == "invalid_grant"


async def test_a_person_disabled_meanwhile_makes_the_code_worthless(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    code = (await person.approve(relying_party)).code
    await deeds.disable_user(house, "alice")

    assert (await relying_party.redeem(code)).error == "invalid_grant"


async def test_a_consent_withdrawn_meanwhile_makes_the_code_worthless(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    code = (await person.approve(relying_party)).code
    await deeds.withdraw_consent(house, "alice", "shop")

    assert (await relying_party.redeem(code)).error == "invalid_grant"


async def test_a_person_who_signs_out_meanwhile_makes_the_code_worthless(
    person: Person, relying_party: RelyingParty
) -> None:
    code = (await person.approve(relying_party)).code
    await person.sign_out()

    assert (await relying_party.redeem(code)).error == "invalid_grant"  # Back-Channel Logout §2.7


async def test_a_code_for_offline_access_outlives_the_session(person: Person, relying_party: RelyingParty) -> None:
    code = (await person.approve(relying_party, scope="openid offline_access")).code
    await person.sign_out()

    assert (await relying_party.redeem(code)).status == 200  # OpenID Connect Core §11


async def test_a_scope_taken_from_the_client_meanwhile_is_not_issued(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    code = (await person.approve(relying_party, scope="openid orders.read orders.write")).code
    await deeds.change_client(house, "shop", scope="openid orders.read")

    tokens = await relying_party.redeem(code)

    assert tokens.body["scope"] == tokens.access_claims["scope"] == "openid orders.read"  # RFC 6749 §3.3


async def test_a_client_that_lost_every_scope_meanwhile_gets_nothing(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    code = (await person.approve(relying_party, scope="orders.read")).code
    await deeds.change_client(house, "shop", scope="openid")

    assert (await relying_party.redeem(code)).error == "invalid_grant"


async def test_a_client_that_lost_the_grant_type_meanwhile_is_told_so(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    code = (await person.approve(relying_party)).code
    await deeds.change_client(house, "shop", grant_types=["client_credentials"])

    assert (await relying_party.redeem(code)).error == "unauthorized_client"


async def test_a_client_disabled_meanwhile_is_nobody(person: Person, relying_party: RelyingParty, house: House) -> None:
    code = (await person.approve(relying_party)).code
    await deeds.disable_client(house, "shop")

    assert (await relying_party.redeem(code)).error == "invalid_client"


async def test_one_exchange_is_one_row_and_no_new_one(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    answer = await person.approve(relying_party)
    assert await deeds.count(house, Grant) == 1

    await relying_party.redeem(answer.code)

    assert await deeds.count(house, Grant) == 1
