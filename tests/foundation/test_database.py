"""The database: what is kept and what is undone, the shape of URLs, and when we stop asking."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from oidc_server.foundation.bells import ring_after_commit
from oidc_server.foundation.changes import ChangeCounter
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Misconfigured, Refused, Unavailable
from oidc_server.house import House
from oidc_server.settings.service import DatabaseSettings
from oidc_server.tokens.models import RevokedToken
from tests.oauth import deeds

MOMENT = datetime(2026, 3, 4, 5, 6, 7, 891_011, tzinfo=UTC)


def add(session: Session, jti: str = "one", expires_at: datetime = MOMENT) -> None:
    session.execute(insert(RevokedToken).values(jti=jti, expires_at=expires_at))


def add_and_raise(error: Exception) -> Callable[[Session], None]:
    def work(session: Session) -> None:
        add(session)
        raise error

    return work


def _add_two(session: Session) -> None:
    add(session, "one")
    add(session, "two")


async def test_a_transaction_is_kept_whole(house: House) -> None:
    await deeds.in_transaction(house, _add_two)

    assert await deeds.count(house, RevokedToken) == 2


async def test_a_bug_undoes_everything(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        await deeds.in_transaction(house, add_and_raise(ZeroDivisionError()))

    assert await deeds.count(house, RevokedToken) == 0


async def test_an_expected_refusal_keeps_what_it_wrote(house: House) -> None:
    with pytest.raises(Refused):
        await deeds.in_transaction(house, add_and_raise(Refused("No.")))

    assert await deeds.count(house, RevokedToken) == 1


async def test_statements_outside_a_transaction_stand_for_themselves(house: House) -> None:
    def work() -> None:
        with house.database.autocommit() as connection:
            connection.execute(insert(RevokedToken).values(jti="one", expires_at=MOMENT))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await house.database.run(work)

    assert await deeds.count(house, RevokedToken) == 1


async def test_time_comes_back_as_it_was_written(house: House) -> None:
    berlin = timezone(timedelta(hours=2))
    await deeds.in_transaction(house, add, "utc", MOMENT)
    await deeds.in_transaction(house, add, "berlin", MOMENT.astimezone(berlin))

    found = await deeds.in_transaction(house, lambda session: session.scalars(select(RevokedToken.expires_at)).all())

    assert found == [MOMENT, MOMENT]
    assert all(one.utcoffset() == timedelta() for one in found)


async def test_time_is_compared_as_time(house: House) -> None:
    tokyo = timezone(timedelta(hours=9))
    await deeds.in_transaction(house, add, "one", MOMENT)
    is_before = RevokedToken.expires_at < (MOMENT + timedelta(microseconds=1)).astimezone(tokyo)
    is_after = RevokedToken.expires_at >= (MOMENT + timedelta(microseconds=1)).astimezone(tokyo)

    def count(session: Session) -> list[int]:
        return [len(session.scalars(select(RevokedToken).where(one)).all()) for one in (is_before, is_after)]

    assert await deeds.in_transaction(house, count) == [1, 0]


async def test_a_time_without_a_zone_is_refused(house: House) -> None:
    with pytest.raises(StatementError, match="zone"):
        await deeds.in_transaction(house, add, "one", MOMENT.replace(tzinfo=None))


async def test_foreign_keys_are_enforced(house: House) -> None:
    def orphan(session: Session) -> None:
        session.execute(text("INSERT INTO client_origins (origin, client_id) VALUES ('https://x', 'nobody')"))

    with pytest.raises(IntegrityError):
        await deeds.in_transaction(house, orphan)


async def test_a_mistake_of_ours_is_no_outage(house: House) -> None:
    def mistake(session: Session) -> None:
        session.execute(insert(RevokedToken).values(jti="one", expires_at=MOMENT))
        session.execute(insert(RevokedToken).values(jti="one", expires_at=MOMENT))

    for _ in range(10):
        with pytest.raises(IntegrityError):
            await deeds.in_transaction(house, mistake)

    assert house.database.breaker.closed


async def test_an_error_shows_no_values(house: House) -> None:
    def mistake(session: Session) -> None:
        for _ in range(2):
            add(session, "hush-hush")

    with pytest.raises(IntegrityError) as error:
        await deeds.in_transaction(house, mistake)
    assert "hush-hush" not in str(error.value).partition("DETAIL")[0]


async def test_fifty_writers_at_once_all_get_their_turn(house: House) -> None:
    await asyncio.gather(*(deeds.in_transaction(house, add, f"writer-{number}") for number in range(50)))

    assert await deeds.count(house, RevokedToken) == 50


async def test_reading_then_writing_in_one_transaction_never_clashes(house: House) -> None:
    await deeds.in_transaction(house, lambda session: session.execute(text("UPDATE change_counter SET counter = 0")))

    def count_up(session: Session) -> None:
        found = session.get_one(ChangeCounter, 1, with_for_update=True)
        found.counter += 1

    await asyncio.gather(*(deeds.in_transaction(house, count_up) for _ in range(20)))

    def read(session: Session) -> int:
        return int(session.execute(text("SELECT counter FROM change_counter WHERE id = 1")).scalar_one())

    assert await deeds.in_transaction(house, read) == 20


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///oidc.db", "sqlite+aiosqlite"),
        ("sqlite:////var/lib/oidc.db", "sqlite+aiosqlite"),
        ("postgresql://user:secret@db/oidc", "postgresql+asyncpg"),
        ("postgres://user:secret@db/oidc", "postgresql+asyncpg"),
        ("postgresql+psycopg://db/oidc", "postgresql+asyncpg"),
    ],
)
async def test_the_driver_is_chosen_for_the_operator(url: str, driver: str) -> None:
    database = Database(DatabaseSettings(url=url))

    assert database.url.drivername == driver
    await database.dispose()


async def test_the_usual_spelling_of_tls_is_understood() -> None:
    database = Database(DatabaseSettings(url="postgresql://db/oidc?sslmode=require"))

    assert dict(database.url.query) == {"ssl": "require"}
    await database.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hush@db/oidc",
        "oidc.db",
        "",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "http://x",
    ],
)
def test_a_url_that_cannot_work_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(Misconfigured) as refusal:
        Database(DatabaseSettings(url=url))
    assert "OIDC_DATABASE_URL" in str(refusal.value)
    assert "hush" not in str(refusal.value)


async def test_after_three_failures_nobody_is_asked_for_a_moment(tmp_path: Path) -> None:
    database = Database(DatabaseSettings(url=f"sqlite:///{tmp_path}/x.db"))
    (tmp_path / "x.db").mkdir()  # a folder is no database

    def ask() -> None:
        with database.autocommit() as connection:
            connection.execute(text("SELECT 1"))

    told = []
    for _ in range(5):
        with pytest.raises(Unavailable) as refusal:
            await database.run(ask)
        told.append(refusal.value.because)
    await database.dispose()
    await _until_aiosqlite_has_gone()

    assert ["breaker" in one for one in told] == [False, False, False, True, True]
    assert refusal.value.retry_after > 0


async def _until_aiosqlite_has_gone() -> None:
    """A connection that failed leaves a thread, which speaks to this test's event loop once more."""
    async with asyncio.timeout(5):
        while any("_connection_worker_thread" in thread.name for thread in threading.enumerate()):  # noqa: ASYNC110 - a library's
            await asyncio.sleep(0.01)


async def test_a_bell_rings_once_a_transaction_is_committed_and_never_when_it_is_undone(house: House) -> None:
    heard: list[str] = []
    house.database.bells.listen("tested", lambda: heard.append("rung"))

    def work(session: Session, error: Exception | None = None) -> None:
        add(session, f"{len(heard)}")
        ring_after_commit(session, "tested")
        ring_after_commit(session, "a bell that nobody listens to")
        if error:
            raise error

    await deeds.in_transaction(house, work)
    assert heard == ["rung"]
    with pytest.raises(Refused):
        await deeds.in_transaction(house, work, Refused("kept"))
    assert heard == ["rung"] * 2
    with pytest.raises(RuntimeError):
        await deeds.in_transaction(house, work, RuntimeError("a bug"))
    assert heard == ["rung"] * 2
