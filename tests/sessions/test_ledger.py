"""The ledger of sessions: started, found, renewed, ended, forgotten."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.accounts import current
from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.sealing import Sealing
from oidc_server.house import House
from oidc_server.sessions import ledger as sessions
from oidc_server.sessions.ledger import Ledger, Proof
from oidc_server.sessions.models import BrowserSession
from oidc_server.settings.protocol import LifetimeSettings
from tests.accounts import deeds

PROOF = Proof("1", ("pwd",))
HANDLE: Any = None


async def start(house: House, name: str = "alice", agent: str = "a browser") -> BrowserSession:
    """A new session of this user."""
    user = await deeds.user(house, name)

    def work(session: Session) -> BrowserSession:
        return house.ledger.start(session, user.id, PROOF, address="203.0.113.7", user_agent=agent)

    return await deeds.in_transaction(house, work)


async def renew(house: House, known: BrowserSession) -> None:
    """The person has proved again who they are."""
    await deeds.in_transaction(house, lambda session: house.ledger.renew(session, known, PROOF))


async def find(house: House, cookie: str | None) -> BrowserSession | None:
    """The live session that a cookie names."""
    person = await deeds.in_transaction(house, lambda session: current.find(session, house.ledger, cookie))
    return person.session if person else None


async def count(house: House) -> int:
    """How many sessions are written down."""
    return await deeds.in_transaction(house, lambda session: len(list(session.scalars(select(BrowserSession)))))


async def test_a_session_is_found_by_its_cookie(house: House) -> None:
    started = await start(house)

    found = await find(house, house.ledger.cookie(started))

    assert found is not None
    assert (found.id, found.user_id, found.amr, found.acr) == (started.id, started.user_id, ["pwd"], "1")
    assert found.authenticated_at == started.authenticated_at


async def test_every_sign_in_has_another_cookie(house: House) -> None:
    started = await start(house)
    first = house.ledger.cookie(started)

    await renew(house, started)

    assert await find(house, first) is None
    assert await find(house, house.ledger.cookie(started)) is not None
    assert len({house.ledger.cookie(await start(house)) for _ in range(5)}) == 5


async def test_a_copy_of_the_database_makes_no_cookie(house: House) -> None:
    started = await start(house)
    without_our_key = Ledger(Sealing({1: b"x" * 32}), house.settings.lifetime)

    for forged in (without_our_key.cookie(started), str(started.id), started.id.hex):
        assert await find(house, forged) is None


async def test_a_session_ends_once(house: House) -> None:
    started = await start(house)
    end: Callable[[], Any] = lambda: deeds.in_transaction(house, sessions.end, started.id)  # noqa: E731

    ended = await asyncio.gather(*(end() for _ in range(20)))

    assert sum(ended) == 1
    assert await find(house, house.ledger.cookie(started)) is None


async def test_all_sessions_of_a_user_end_together(house: House) -> None:
    hers = [await start(house) for _ in range(3)]
    his = await start(house, "bob")

    assert await deeds.in_transaction(house, sessions.end_all_of, hers[0].user_id) == 3

    assert [await find(house, house.ledger.cookie(one)) for one in hers] == [None] * 3
    assert await find(house, house.ledger.cookie(his)) is not None


async def test_renewing_a_session_that_has_ended_brings_it_not_back(house: House) -> None:
    started = await start(house)
    await deeds.in_transaction(house, sessions.end, started.id)

    await renew(house, started)

    assert await find(house, house.ledger.cookie(started)) is None


async def test_a_session_lives_as_long_as_it_is_used_but_not_for_ever(house: House, held_clock: HeldClock) -> None:
    lifetime = house.settings.lifetime
    started = await start(house)
    cookie = house.ledger.cookie(started)
    while held_clock.at + lifetime.session_idle < started.expires_at:
        held_clock.move(lifetime.session_idle - timedelta(seconds=1))
        found = await find(house, cookie)
        assert found is not None
        await deeds.in_transaction(house, house.ledger.see, found)

    held_clock.move(started.expires_at - held_clock.at)

    assert await find(house, cookie) is None


async def test_being_seen_is_written_at_most_once_a_minute(house: House, held_clock: HeldClock) -> None:
    started = await start(house)
    held_clock.move(timedelta(seconds=59))
    await deeds.in_transaction(house, house.ledger.see, started)
    early = await find(house, house.ledger.cookie(started))
    held_clock.move(timedelta(seconds=1))
    await deeds.in_transaction(house, house.ledger.see, started)
    late = await find(house, house.ledger.cookie(started))

    assert early is not None
    assert late is not None
    assert early.last_seen_at == started.created_at
    assert late.last_seen_at == held_clock.at


async def test_what_is_over_is_forgotten_and_what_lives_is_kept(house: House, held_clock: HeldClock) -> None:
    ended, expired = await start(house), await start(house)
    await deeds.in_transaction(house, sessions.end, ended.id)
    held_clock.move(house.settings.lifetime.session + timedelta(seconds=1))
    living = await start(house)

    assert await house.database.run(sessions.remove_old, house.database) == 2

    assert await count(house) == 1
    assert await find(house, house.ledger.cookie(living)) is not None
    assert await find(house, house.ledger.cookie(expired)) is None


async def test_a_long_name_of_a_browser_is_cut(house: House) -> None:
    started = await start(house, agent="Mozilla/5.0 " * 1000)

    assert len(started.user_agent or "") == 300


LEDGER = Ledger(Sealing({1: b"k" * 32}), LifetimeSettings())


@pytest.mark.parametrize("cookie", [None, "", "x", "AAAA", "A" * 70])
def test_junk_is_refused_without_asking_the_database(cookie: str | None) -> None:
    assert current.find(HANDLE, LEDGER, cookie) is None


@examples(max_examples=50)
@given(st.text(max_size=90))
def test_no_text_is_a_cookie_by_chance(text: str) -> None:
    assert current.find(HANDLE, LEDGER, text) is None


@given(st.uuids(), st.integers(0, 2**32 - 1), st.integers(0, 70), st.characters(codec="ascii"))
def test_no_letter_of_a_cookie_can_be_changed(session: UUID, generation: int, place: int, letter: str) -> None:
    real = LEDGER.cookie(BrowserSession(id=session, generation=generation))
    forged = real[:place] + letter + real[place + 1 :]

    if forged != real:
        assert current.find(HANDLE, LEDGER, forged) is None
