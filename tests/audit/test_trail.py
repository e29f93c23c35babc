"""The trail: written with what it tells of, or a moment later, and forgotten in time."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.audit.models import AuditEvent
from oidc_server.audit.trail import Trail
from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.errors import Refused
from oidc_server.house import House
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.factories import PASSWORD, secret_of
from tests.oauth import deeds

DAY = timedelta(days=1)


async def written(house: House) -> list[AuditEvent]:
    """What stands in the table now, without what still waits."""
    return await deeds.in_transaction(house, lambda session: list(session.scalars(select(AuditEvent))))


async def latest(house: House, event: Event) -> AuditEvent:
    return [one for one in await written(house) if one.event == event][-1]


class Bug(Exception):
    """Something that nobody expected."""


async def test_what_changes_a_state_is_written_in_the_same_transaction(house: House) -> None:
    def disable_and_fail(session: Session) -> None:
        user = directory.find(session, "alice")
        assert user is not None
        directory.disable(session, user)
        raise Bug

    before = len(await written(house))
    with pytest.raises(Bug):
        await deeds.in_transaction(house, disable_and_fail)

    alice = await deeds.in_transaction(house, directory.find, "alice")
    assert alice is not None
    assert alice.disabled_at is None
    assert len(await written(house)) == before


async def test_an_expected_refusal_keeps_what_it_wrote(house: House) -> None:
    def record_and_refuse(session: Session) -> None:
        trail.record(session, Event.SIGN_IN_FAILED, reason="tested")
        raise Refused("No.")

    with pytest.raises(Refused):
        await deeds.in_transaction(house, record_and_refuse)

    assert (await latest(house, Event.SIGN_IN_FAILED)).details == {"reason": "tested"}


async def test_an_event_says_when_who_whom_and_from_where(
    person: Person, relying_party: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    person.browser.http.headers["X-Request-ID"] = "a-request-of-hers"
    await person.approve(relying_party, scope="openid")

    given = await latest(house, Event.CONSENT_GIVEN)

    assert given.at == held_clock.at
    assert given.user_id == await deeds.user_id(house, "alice")
    assert given.client_id == "shop"
    assert given.session_id is not None
    assert (given.address, given.request_id) == ("203.0.113.7", "a-request-of-hers")
    assert given.details == {"scope": "openid"}


async def test_what_happens_all_the_time_is_written_a_moment_later(machine: RelyingParty, house: House) -> None:
    before = len(await written(house))
    for _ in range(3):
        await machine.ask("client_credentials")
    await house.trail.write()

    assert [one.event for one in (await written(house))[before:]] == [Event.TOKENS_ISSUED] * 3


async def test_a_server_that_stops_writes_down_what_waits(house: House) -> None:
    house.trail.note(Event.TOKENS_ISSUED, client_id="at the last moment")

    await house.close()

    assert (await latest(house, Event.TOKENS_ISSUED)).client_id == "at the last moment"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_server_that_is_stopped_while_it_writes_loses_nothing(house: House) -> None:
    trail_of_one = Trail(house.database, house.settings.audit)
    trail_of_one.note(Event.TOKENS_ISSUED, client_id="at the last moment")
    writing = asyncio.create_task(trail_of_one.write())

    def stop(_: object, __: object, statement: str, *rest: object) -> None:
        if "audit_events" in statement:
            writing.cancel()  # as stopping the jobs does

    engine = house.database.engine.sync_engine
    sqlalchemy.event.listen(engine, "before_cursor_execute", stop)
    await asyncio.gather(writing, return_exceptions=True)
    sqlalchemy.event.remove(engine, "before_cursor_execute", stop)
    await trail_of_one.write()

    told = [one for one in await written(house) if one.client_id == "at the last moment"]
    assert len(told) == 1


async def test_thousands_are_written_in_few_statements(house: House) -> None:
    trail_of_one = Trail(house.database, house.settings.audit)
    before = len(await written(house))
    for number in range(1200):
        trail_of_one.note(Event.TOKENS_ISSUED, client_id=f"client-{number}")

    await trail_of_one.write()
    await trail_of_one.write()

    assert len(await written(house)) == before + 1200


async def test_tokens_may_be_left_to_the_log_while_everything_else_is_written(house: House) -> None:
    quiet = Trail(house.database, house.settings.audit.model_copy(update={"tokens": False}))
    before = len(await written(house))
    for event in (Event.TOKENS_ISSUED, Event.TOKENS_REFUSED, Event.CLIENT_REFUSED):
        quiet.note(event)
    await quiet.write()

    assert [one.event for one in (await written(house))[before:]] == [Event.CLIENT_REFUSED]


async def test_when_too_many_wait_the_oldest_are_lost_and_counted(
    house: House, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "_WAITING_AT_MOST", 3)
    small = Trail(house.database, house.settings.audit)
    for number in range(5):
        small.note(Event.TOKENS_ISSUED, client_id=f"client-{number}")
    await small.write()

    kept = [one.client_id for one in await written(house) if (one.client_id or "").startswith("client-")]
    assert sorted(map(str, kept)) == ["client-2", "client-3", "client-4"]


async def test_events_are_kept_as_long_as_operators_want(house: House, held_clock: HeldClock) -> None:
    await house.trail.write()
    before = await deeds.count(house, AuditEvent)
    held_clock.move(100 * DAY)
    await deeds.in_transaction(house, trail.record, Event.KEY_REMOVED, kid="young")
    held_clock.move(90 * DAY)

    removed = await house.database.run(trail.remove_old, house.database, 180 * DAY)

    assert removed == before
    assert [one.details for one in await written(house)] == [{"kid": "young"}]


async def test_an_event_outlives_whom_it_tells_of(person: Person, relying_party: RelyingParty, house: House) -> None:
    await person.approve(relying_party)
    alice = await deeds.user_id(house, "alice")

    await deeds.in_transaction(house, lambda session: session.delete(session.get_one(User, alice)))

    of_alice = select(func.count()).select_from(AuditEvent).where(AuditEvent.user_id == alice)
    assert (await deeds.in_transaction(house, lambda session: session.scalar(of_alice)) or 0) > 2


async def test_a_stranger_s_long_words_fit(http: httpx2.AsyncClient, house: House) -> None:
    long = "é" * 5000
    await http.post("/introspect", data={"token": "x", "client_id": long, "client_secret": long})
    await http.post("/token", data={"grant_type": long}, auth=("shop", secret_of("shop")))
    await http.post("/token", data={"grant_type": "refresh_token", "scope": long}, auth=("shop", secret_of("shop")))

    await house.trail.write()

    assert (await latest(house, Event.CLIENT_REFUSED)).client_id == "é" * 255


async def test_no_secret_stands_in_the_trail(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient, house: House
) -> None:
    page = await person.visit(relying_party)
    page = await person.sign_in(page, "the wrong password")
    answer = relying_party.answer(await person.decide(await person.sign_in(page)))
    tokens = await relying_party.redeem(answer.code)
    fresh = await relying_party.refresh(tokens.refresh_token)
    await relying_party.redeem(answer.code, redirect_uri=answer.location)  # a developer's common mistake
    await relying_party.redeem(answer.code)
    await relying_party.revoke(fresh.refresh_token)
    await RelyingParty(http, "legacy").ask("password", username="alice", password="the wrong password")
    await http.post("/token", data={"client_id": "shop", "client_secret": "the wrong secret", "grant_type": "x"})
    await house.trail.write()

    told = json.dumps([_shown(one) for one in await written(house)], default=str)

    secrets = [PASSWORD, "the wrong password", "the wrong secret", secret_of("shop"), relying_party.verifier]
    secrets += [
        answer.code,
        *(one[name] for one in (tokens.body, fresh.body) for name in one if name.endswith("_token")),
    ]
    assert [secret for secret in secrets if secret in told] == []


def _shown(event: AuditEvent) -> dict[str, Any]:
    return {column.name: getattr(event, column.name) for column in AuditEvent.__table__.columns}
