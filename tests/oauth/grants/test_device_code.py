"""A device asks for its tokens: told to wait, to slow down, that it is over; and given them once (RFC 8628 §3.4, §3.5)."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from oidc_server.audit.events import Event
from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.sealing import Sealing
from oidc_server.house import House
from oidc_server.tokens.models import DeviceRequest, Grant
from tests.actors.device import Device
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.resource_server import ResourceServer
from tests.factories import DEVICE_CODE, add_client, public_client
from tests.oauth import deeds

LIFETIME = timedelta(minutes=10)


@pytest.fixture
async def other(http: httpx2.AsyncClient, house: House) -> Device:
    """Another device's client."""
    await add_client(house, **public_client("radio", grant_types=[DEVICE_CODE], redirect_uris=[]))
    await deeds.notice(house)
    return Device(RelyingParty(http, "radio", auth="none"))


async def test_once_the_person_says_yes_the_device_gets_its_tokens(
    device: Device, person: Person, resource_server: ResourceServer
) -> None:
    begun = await device.begin(scope="openid email offline_access orders.read")
    assert (await device.poll(begun.device_code)).error == "authorization_pending"  # RFC 8628 §3.4, §3.5

    done = await person.decide_about_device(begun.user_code)
    tokens = await device.poll(begun.device_code)

    assert done.status == 200
    assert tokens.status == 200
    assert tokens.body["scope"] == "email offline_access openid orders.read"
    assert tokens.response.headers["cache-control"] == "no-store"
    assert await resource_server.accepts(tokens.access_token)
    assert tokens.id_claims["aud"] == "tv"
    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("1", ["pwd"])
    assert "sid" not in tokens.id_claims  # the device is not the browser that said yes
    assert "nonce" not in tokens.id_claims
    assert (await device.party.userinfo(tokens.access_token)).json()["email"] == "alice@example.com"
    assert (await device.party.refresh(tokens.refresh_token)).status == 200


async def test_it_stays_when_the_person_signs_out(device: Device, person: Person) -> None:
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)
    tokens = await device.poll(begun.device_code)

    await person.sign_out()

    assert (await device.party.refresh(tokens.refresh_token)).status == 200


async def test_a_device_may_come_late_for_what_was_allowed(
    device: Device, person: Person, house: House, held_clock: HeldClock
) -> None:
    """Also one without refresh tokens, whose grant lives as long as its codes."""
    await add_client(house, **public_client("tv", grant_types=[DEVICE_CODE], redirect_uris=[]))
    await deeds.notice(house)
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)

    held_clock.move(LIFETIME - timedelta(seconds=1))
    tokens = await device.poll(begun.device_code)

    assert tokens.status == 200
    assert "refresh_token" not in tokens.body
    held_clock.move(timedelta(minutes=9))
    assert (await device.party.userinfo(tokens.access_token)).status_code == 200


async def test_a_device_that_asks_too_early_must_wait_longer_each_time(device: Device, held_clock: HeldClock) -> None:
    code = (await device.begin()).device_code

    async def after(seconds: int) -> str | None:
        held_clock.move(timedelta(seconds=seconds))
        return (await device.poll(code)).error

    assert await after(0) == "authorization_pending"  # the first time is never too early
    assert await after(5) == "authorization_pending"
    assert await after(4) == "slow_down"  # RFC 8628 §3.5
    assert await after(9) == "slow_down"  # ten were due
    assert await after(15) == "authorization_pending"  # and now fifteen
    assert await after(14) == "slow_down"
    assert await after(20) == "authorization_pending"


async def test_each_device_has_a_pace_of_its_own(device: Device) -> None:
    one, another = await device.begin(), await device.begin()

    assert (await device.poll(one.device_code)).error == "authorization_pending"
    assert (await device.poll(another.device_code)).error == "authorization_pending"
    assert (await device.poll(one.device_code)).error == "slow_down"


async def test_who_has_been_told_to_slow_down_still_gets_the_tokens(device: Device, person: Person) -> None:
    begun = await device.begin()
    for _ in range(3):
        await device.poll(begun.device_code)
    await person.decide_about_device(begun.user_code)

    assert (await device.poll(begun.device_code)).status == 200


async def test_of_many_who_ask_at_once_one_has_waited(device: Device, house: House) -> None:
    code = (await device.begin()).device_code

    answers = await asyncio.gather(*(device.poll(code) for _ in range(10)))

    assert sorted(str(answer.error) for answer in answers) == ["authorization_pending"] + ["slow_down"] * 9
    row = await deeds.in_transaction(house, lambda session: session.query(DeviceRequest).one())
    assert row.interval_seconds == 5 + 9 * 5


async def test_a_device_code_lives_ten_minutes(device: Device, person: Person, held_clock: HeldClock) -> None:
    waiting, allowed = await device.begin(), await device.begin()
    await person.decide_about_device(allowed.user_code)

    held_clock.move(LIFETIME)

    assert (await device.poll(waiting.device_code)).error == "expired_token"  # RFC 8628 §3.5
    assert (await device.poll(allowed.device_code)).error == "expired_token"


async def test_a_device_that_comes_back_after_hours_is_told_to_begin_anew(
    device: Device, house: House, held_clock: HeldClock
) -> None:
    begun = await device.begin()
    held_clock.move(timedelta(hours=3))
    await house.database.run(house.clean_up)

    assert (await device.poll(begun.device_code)).error == "expired_token"  # RFC 8628 §3.5


async def test_a_refusal_is_told_to_the_device(device: Device, person: Person, house: House) -> None:
    begun = await device.begin()
    await person.decide_about_device(begun.user_code, "deny")

    for _ in range(2):
        refused = await device.poll(begun.device_code)
        assert (refused.status, refused.error) == (400, "access_denied")  # RFC 8628 §3.5
    assert await deeds.count(house, Grant) == 0


async def test_a_device_code_works_once(device: Device, person: Person) -> None:
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)
    tokens = await device.poll(begun.device_code)

    again = await device.poll(begun.device_code)

    assert again.error == "invalid_grant"  # RFC 6749 §10.5, RFC 8628 §3.4
    assert (await device.party.userinfo(tokens.access_token)).status_code == 200


async def test_of_fifty_at_once_one_gets_the_tokens(device: Device, person: Person) -> None:
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)

    answers = await asyncio.gather(*(device.poll(begun.device_code) for _ in range(50)))

    assert sum(answer.status == 200 for answer in answers) == 1
    assert {answer.error for answer in answers} == {None, "invalid_grant"}


async def test_a_device_code_is_nothing_to_another_client(device: Device, other: Device, person: Person) -> None:
    begun = await device.begin()
    assert (await other.poll(begun.device_code)).error == "invalid_grant"  # RFC 8628 §3.4
    await person.decide_about_device(begun.user_code)

    assert (await other.poll(begun.device_code)).error == "invalid_grant"
    assert (await device.poll(begun.device_code)).status == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_another_client_does_not_slow_a_device_down(device: Device, other: Device) -> None:
    code = (await device.begin()).device_code
    for _ in range(3):
        await other.poll(code)

    assert (await device.poll(code)).error == "authorization_pending"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_junk_is_refused_without_a_question_to_the_database(device: Device, house: House) -> None:
    begun = await device.begin()
    await device.poll("x")  # the client is in memory now
    foreign = Sealing({1: b"k" * 32}).stamp("device code", bytes(16))
    stolen = begun.device_code[:-2] + "xx"

    with deeds.statements(house) as seen:
        for junk in (foreign, stolen, begun.user_code, "x", "é", begun.device_code + "A"):
            assert (await device.poll(junk)).error == "invalid_grant"

    assert seen == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_code_of_one_kind_is_none_of_another(device: Device, person: Person, house: House) -> None:
    await deeds.change_client(house, "shop", grant_types=["authorization_code", DEVICE_CODE])
    shop = RelyingParty(device.party.http, "shop")
    begun = await Device(shop).begin()
    await person.decide_about_device(begun.user_code)
    code = (await person.approve(shop)).code

    assert (await shop.redeem(begun.device_code)).error == "invalid_grant"
    assert (await Device(shop).poll(code)).error == "invalid_grant"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_request_that_is_wrong_uses_nothing_up(
    device: Device, person: Person, relying_party: RelyingParty
) -> None:
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)

    missing = await device.party.ask(DEVICE_CODE)
    unregistered = await relying_party.ask(DEVICE_CODE, device_code=begun.device_code)

    assert missing.error == "invalid_request"  # RFC 8628 §3.4
    assert unregistered.error == "unauthorized_client"
    assert (await device.poll(begun.device_code)).status == 200


async def test_a_client_disabled_meanwhile_gets_nothing(device: Device, person: Person, house: House) -> None:
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)
    await deeds.disable_client(house, "tv")

    assert (await device.poll(begun.device_code)).error == "invalid_client"


async def test_a_person_disabled_meanwhile_gives_nothing(device: Device, person: Person, house: House) -> None:
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)
    await deeds.disable_user(house, "alice")

    assert (await device.poll(begun.device_code)).error == "invalid_grant"


async def test_a_consent_withdrawn_meanwhile_gives_nothing(device: Device, person: Person, house: House) -> None:
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)
    await deeds.withdraw_consent(house, "alice", "tv")

    assert (await device.poll(begun.device_code)).error == "invalid_grant"


async def test_a_consent_withdrawn_later_ends_it(device: Device, person: Person, house: House) -> None:
    begun = await device.begin()
    await person.decide_about_device(begun.user_code)
    tokens = await device.poll(begun.device_code)
    await deeds.withdraw_consent(house, "alice", "tv")

    assert (await device.party.refresh(tokens.refresh_token)).error == "invalid_grant"


async def test_scopes_taken_away_meanwhile_are_not_issued(device: Device, person: Person, house: House) -> None:
    begun = await device.begin(scope="openid email orders.read")
    await person.decide_about_device(begun.user_code)
    await add_client(house, **public_client("tv", grant_types=[DEVICE_CODE], redirect_uris=[], scope="openid email"))
    await deeds.notice(house)

    assert (await device.poll(begun.device_code)).body["scope"] == "email openid"


async def test_waiting_leaves_no_trace_in_the_audit_trail_and_what_happens_does(
    device: Device, person: Person, house: House
) -> None:
    await person.sign_in()
    before = len(await deeds.events(house))
    begun, denied = await device.begin(), await device.begin()
    for _ in range(3):
        await device.poll(begun.device_code)
    await person.decide_about_device(begun.user_code)
    await person.decide_about_device(denied.user_code, "deny")
    await device.poll(begun.device_code)
    await device.poll(denied.device_code)

    events = (await deeds.events(house))[before:]

    assert [one.event for one in events] == [
        Event.CONSENT_GIVEN,
        Event.DEVICE_APPROVED,
        Event.DEVICE_DENIED,
        Event.TOKENS_ISSUED,
        Event.TOKENS_REFUSED,
    ]
    approved, issued = events[1], events[3]
    assert approved.user_id == await deeds.user_id(house, "alice")
    assert approved.grant_id == issued.grant_id
