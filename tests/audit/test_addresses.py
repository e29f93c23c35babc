"""Where from somebody came is forgotten before what they did, where an operator wants it so."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.audit.models import AuditEvent
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.sessions import ledger
from oidc_server.sessions.models import BrowserSession
from oidc_server.settings.model import Settings
from tests.accounts.deeds import in_transaction
from tests.actors.person import Person
from tests.conftest import Template, make_settings

HOURS = timedelta(hours=1)


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Addresses are kept for two hours."""
    return make_settings(database_url, template.keys, privacy={"addresses_kept_for": 2 * HOURS})


async def events(house: House) -> list[AuditEvent]:
    await house.trail.write()
    return await in_transaction(house, lambda session: list(session.scalars(select(AuditEvent))))


async def sessions(house: House) -> list[BrowserSession]:
    return await in_transaction(house, lambda session: list(session.scalars(select(BrowserSession))))


async def test_addresses_go_and_events_stay(person: Person, house: House, held_clock: HeldClock) -> None:
    await person.sign_in()
    before = len(await events(house))

    held_clock.move(HOURS)
    assert (await house.database.run(house.clean_up))["addresses"] == 0
    assert {one.address for one in await events(house) if one.event == Event.SIGNED_IN} == {"203.0.113.7"}

    held_clock.move(2 * HOURS)
    await house.database.run(house.clean_up)

    after = await events(house)
    assert len(after) >= before
    assert not any(one.address for one in after)


async def test_where_a_device_asked_from_goes_with_it(person: Person, house: House, held_clock: HeldClock) -> None:
    row = trail._row(Event.DEVICE_APPROVED, None, "tv", None, None, {"device_address": "203.0.113.9", "reason": "x"})
    await in_transaction(house, lambda session: session.add(AuditEvent(**{**row, "address": "203.0.113.7"})))

    held_clock.move(3 * HOURS)
    await house.database.run(house.clean_up)

    kept = next(one for one in await events(house) if one.id == row["id"])
    assert (kept.address, kept.details) == (None, {"reason": "x"})


async def test_a_session_that_goes_on_keeps_its_address_and_one_that_ended_loses_it(
    person: Person, house: House, held_clock: HeldClock
) -> None:
    await person.sign_in()
    known = (await sessions(house))[0]
    held_clock.move(3 * HOURS)
    await house.database.run(house.clean_up)
    assert (await sessions(house))[0].address == "203.0.113.7"

    await in_transaction(house, ledger.end, known.id)
    held_clock.move(3 * HOURS)
    await house.database.run(house.clean_up)

    ended = (await sessions(house))[0]
    assert (ended.address, ended.user_agent) == (None, None)
