"""What tests of accounts do to the server, and what they look up there."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import make_url, select, text
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import User
from oidc_server.accounts.sign_in import Attempt
from oidc_server.audit.models import AuditEvent
from oidc_server.house import House
from tests.factories import PASSWORD

T = TypeVar("T")


async def in_transaction(house: House, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Do something in one transaction of this server's database."""

    def run() -> T:
        with house.database.transaction() as session:
            return work(session, *args, **kwargs)

    return await house.database.run(run)


async def user(house: House, name: str) -> User:
    """The user of this name."""
    found = await in_transaction(house, directory.find, name)
    assert found is not None
    return found


async def disable(house: House, name: str) -> None:
    """Disable a user, as `oidc-server users disable` does."""

    def work(session: Session) -> None:
        found = directory.find(session, name)
        assert found is not None
        directory.disable(session, found)

    await in_transaction(house, work)


async def sign_ins(house: House) -> list[tuple[str, str | None]]:
    """What the audit trail says of sign-ins, oldest first: the event, and the reason where there is one."""
    await house.trail.write()

    def read(session: Session) -> list[tuple[str, str | None]]:
        about_sessions = AuditEvent.event.startswith("person:session:")
        rows = session.scalars(select(AuditEvent).where(about_sessions).order_by(AuditEvent.at, AuditEvent.id))
        return [(row.event, (row.details or {}).get("reason")) for row in rows]

    return await in_transaction(house, read)


async def add(house: House, username: str, email: str | None = None) -> User:
    """Make a user without a password."""
    return await in_transaction(
        house, lambda session: directory.add(session, username, email=email, password_hash=None)
    )


async def attempt(
    house: House, login: str = "alice", password: str = PASSWORD, neighbourhood: str = "203.0.113.7"
) -> User:
    """Try to sign in, as the login page and the password grant do."""
    return await house.database.run(house.sign_in.check, Attempt(login, password, neighbourhood))


@asynccontextmanager
async def cut_off(database_url: str) -> AsyncIterator[None]:
    """Let nobody reach a PostgreSQL database for a while."""
    url = make_url(database_url)
    name = url.database
    operator = await asyncpg.connect(host=url.query["host"], user="postgres", database="postgres")
    try:
        await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
        await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    finally:
        await operator.close()


@asynccontextmanager
async def sessions_locked(house: House) -> AsyncIterator[None]:
    """Keep everybody from writing to the table of sessions for a while."""
    async with house.database.engine.connect() as connection:
        is_sqlite = house.database.dialect == "sqlite"
        await connection.exec_driver_sql("BEGIN IMMEDIATE" if is_sqlite else "BEGIN")
        if not is_sqlite:
            await connection.execute(text("LOCK TABLE sessions IN SHARE MODE"))
        yield
        await connection.exec_driver_sql("ROLLBACK")
