"""Back-channel logout: how often clients are tried, and what a failure costs (OpenID Connect Back-Channel Logout 1.0)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House, opened
from oidc_server.logouts import outbox
from oidc_server.logouts.outbox import Delivery
from oidc_server.sessions.models import SessionClient
from oidc_server.settings.model import Settings
from tests.accounts import deeds as accounts
from tests.actors import relying_party as parties
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import running
from tests.listener import Answering, Received, answer, hang
from tests.logouts.conftest import Make, deliver
from tests.logouts.sightings import counted, outcomes, rows, tokens_of
from tests.oauth import deeds


@pytest.mark.parametrize("status", [200, 204])
async def test_a_client_that_understood_is_not_told_again(
    person: Person, hearing: Make, house: House, held_clock: HeldClock, status: int
) -> None:
    party = await hearing(do=answer(status))
    await tokens_of(person, party)
    await person.sign_out()
    await party.server.until(1)
    await house.deliveries.finish()

    held_clock.move(timedelta(hours=1))
    await deliver(house)

    assert len(party.heard) == 1  # Back-Channel Logout §2.8
    (row,) = await rows(house)
    assert (row.attempts, row.last_error, row.due_at) == (1, None, None)


@pytest.mark.parametrize(
    "do", [answer(500), answer(400, b'{"error":"invalid_request"}'), answer(302, Location="/"), hang]
)
async def test_a_client_that_fails_is_told_five_times_within_an_hour_and_then_given_up(
    person: Person, hearing: Make, house: House, held_clock: HeldClock, do: Answering
) -> None:
    party = await hearing(do=do)
    await tokens_of(person, party)
    began, failed, abandoned = held_clock.at, counted("failed"), counted("abandoned")
    await person.sign_out()
    await party.server.until(1)
    await house.deliveries.finish()

    for number, wait in enumerate(outbox.WAITS, start=2):
        held_clock.move(wait - timedelta(seconds=1))
        await deliver(house)
        assert len(party.heard) == number - 1
        held_clock.move(timedelta(seconds=1))
        house.outbound._hosts.clear()
        await deliver(house)
        await party.server.until(number)
        await house.deliveries.finish()

    assert held_clock.at - began < timedelta(hours=1)
    held_clock.move(timedelta(hours=3))
    await deliver(house)
    assert len(party.heard) == 5
    assert len({parties.claims(token)["jti"] for token in party.heard}) == 5
    assert await outcomes(house) == ["abandoned"]
    assert (counted("failed") - failed, counted("abandoned") - abandoned) == (4, 1)
    (row,) = await rows(house)
    assert row.done_at is not None
    assert row.last_error


async def test_a_client_that_recovers_is_told(
    person: Person, hearing: Make, house: House, held_clock: HeldClock
) -> None:
    party = await hearing(do=answer(503))
    await tokens_of(person, party)
    await person.sign_out()
    await party.server.until(1)
    await house.deliveries.finish()

    party.server.do = answer(200)
    held_clock.move(outbox.WAITS[0])
    await deliver(house)
    await party.server.until(2)
    await house.deliveries.finish()

    assert await outcomes(house) == ["delivered"]


async def test_one_that_hangs_holds_up_no_other(people: Callable[..., Person], hearing: Make) -> None:
    deaf, well = await hearing("deaf", hang), await hearing("well")
    person = people()
    await tokens_of(person, deaf)
    await tokens_of(person, well)

    await person.sign_out()
    await well.server.until(1, within_seconds=5)
    other = people("bob")
    await tokens_of(other, well)
    await other.sign_out()
    await well.server.until(2, within_seconds=5)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_more_than_there_is_room_for_take_turns(
    people: Callable[..., Person], hearing: Make, house: House
) -> None:
    house.deliveries.errands.at_most = 2
    party = await hearing()
    for _ in range(5):
        await tokens_of(people("alice"), party)

    await deeds.disable_user(house, "alice")
    await party.server.until(5)
    await house.deliveries.finish()

    assert len({parties.claims(token)["sid"] for token in party.heard}) == len(party.heard) == 5


async def test_a_host_that_is_left_alone_costs_no_try(
    person: Person, hearing: Make, house: House, held_clock: HeldClock
) -> None:
    party = await hearing(do=hang)
    await tokens_of(person, party)
    for _ in range(3):
        await asyncio.gather(house.outbound.get(party.server.url(host="127.0.0.1")), return_exceptions=True)
    party.server.received.clear()
    assert house.outbound.has_open_breaker

    await person.sign_out()
    await deliver(house)
    await house.deliveries.finish()
    (row,) = await rows(house)
    assert (row.attempts, party.heard) == (0, [])
    assert "left alone" in (row.last_error or "")

    held_clock.move(timedelta(hours=3))
    await deliver(house)
    assert await outcomes(house) == ["abandoned"]


async def test_an_address_that_must_not_be_called_is_not(
    person: Person, hearing: Make, house: House, held_clock: HeldClock
) -> None:
    party = await hearing()
    await tokens_of(person, party)
    inner = "http://169.254.169.254/latest"
    await deeds.change_client(house, "hearing", backchannel_logout_uri=inner)

    await person.sign_out()
    await deliver(house)
    await house.deliveries.finish()

    (row,) = await rows(house)
    assert "not public" in (row.last_error or "")


async def test_a_client_that_is_disabled_meanwhile_is_given_up(
    person: Person, hearing: Make, house: House, held_clock: HeldClock
) -> None:
    party = await hearing(do=answer(500))
    await tokens_of(person, party)
    await person.sign_out()
    await party.server.until(1)
    await house.deliveries.finish()

    await deeds.disable_client(house, "hearing")
    held_clock.move(outbox.WAITS[0])
    await deliver(house)

    assert len(party.heard) == 1
    assert await outcomes(house) == ["abandoned"]


async def test_a_session_that_ends_at_a_command_line_or_before_a_crash_is_told_of_by_whoever_runs(
    app: object, person: Person, hearing: Make, house: House, settings: Settings
) -> None:
    """Nothing but the row is needed: what wrote it may be gone before anybody is told."""
    party = await hearing()
    await tokens_of(person, party)

    async with opened(settings) as command:
        await deeds.disable_user(command, "alice")
        assert party.heard == []

    await party.server.until(1, within_seconds=5)


async def test_what_a_dead_worker_had_claimed_is_told_after_its_lease(
    person: Person, hearing: Make, house: House, held_clock: HeldClock
) -> None:
    party = await hearing()
    await tokens_of(person, party)
    user, lease = await accounts.user(house, "alice"), timedelta(seconds=10)

    def end_and_claim(session: Session) -> list[Delivery]:
        directory.end_everything(session, user.id)
        return outbox.claim(session, 10, lease)

    assert len(await deeds.in_transaction(house, end_and_claim)) == 1
    await deliver(house)
    assert party.heard == []

    held_clock.move(lease)
    await deliver(house)
    await party.server.until(1)


async def test_many_workers_tell_once(
    app: object, people: Callable[..., Person], hearing: Make, house: House, settings: Settings
) -> None:
    party = await hearing()
    async with running(settings) as other:
        for _ in range(4):
            await tokens_of(people("alice"), party)
        await deeds.disable_user(house, "alice")
        nodes = [house, other.state.house]
        await asyncio.gather(*(node.deliveries.work() for node in nodes * 5))
        await party.server.until(4)
        await asyncio.gather(*(node.deliveries.finish() for node in nodes))

    assert len({parties.claims(token)["sid"] for token in party.heard}) == 4
    assert len(party.heard) == 4


async def test_a_transaction_that_fails_tells_nobody(person: Person, hearing: Make, house: House) -> None:
    party = await hearing()
    await tokens_of(person, party)
    user = await accounts.user(house, "alice")

    def work(session: Session) -> None:
        directory.end_everything(session, user.id)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        await deeds.in_transaction(house, work)
    await deliver(house)

    assert await rows(house) == []
    assert party.heard == []


async def test_taking_part_costs_one_statement_and_nothing_where_nobody_wants_to_hear(
    person: Person, hearing: Make, relying_party: RelyingParty, house: House
) -> None:
    party = await hearing()
    for one in (party, relying_party):
        await tokens_of(person, one)

    with deeds.statements(house) as with_it:
        await person.approve(party)
    with deeds.statements(house) as without:
        await person.approve(relying_party)

    assert len([one for one in with_it if not one.startswith("BEGIN")]) == len(without) + 1
    assert await deeds.count(house, SessionClient) == 1


async def test_what_was_told_long_ago_is_forgotten(
    person: Person, hearing: Make, house: House, held_clock: HeldClock
) -> None:
    party = await hearing()
    await tokens_of(person, party)
    await person.sign_out()
    await party.server.until(1)
    await house.deliveries.finish()

    assert (await house.database.run(house.clean_up))["logout_deliveries"] == 0
    held_clock.move(timedelta(days=1, seconds=1))
    assert (await house.database.run(house.clean_up))["logout_deliveries"] == 1

    assert await deeds.count(house, SessionClient) == 0


async def test_a_client_that_is_removed_takes_its_deliveries_with_it(
    person: Person, hearing: Make, house: House
) -> None:
    party = await hearing(do=answer(500))
    await tokens_of(person, party)
    await person.sign_out()
    await party.server.until(1)
    await house.deliveries.finish()

    delete = "DELETE FROM clients WHERE client_id = 'hearing'"
    await deeds.in_transaction(house, lambda session: session.connection().exec_driver_sql(delete))

    assert await rows(house) == []


async def test_a_slow_client_is_waited_for(person: Person, hearing: Make, house: House) -> None:
    async def slowly(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        await answer(200)(received, writer)

    party = await hearing(do=slowly)
    await tokens_of(person, party)
    await person.sign_out()
    await party.server.until(1)
    await house.deliveries.finish()

    assert await outcomes(house) == ["delivered"]
