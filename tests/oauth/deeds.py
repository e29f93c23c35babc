"""What operators do while people and clients talk to the server, and what can be counted there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import event, func, select

from oidc_server.accounts import directory
from oidc_server.audit.models import AuditEvent
from oidc_server.clients import registry
from oidc_server.foundation.database import Base
from oidc_server.house import House
from oidc_server.tokens import revoking
from tests import factories
from tests.accounts.deeds import disable as disable_user
from tests.accounts.deeds import in_transaction

__all__ = [
    "change_client",
    "count",
    "disable_client",
    "disable_user",
    "events",
    "in_transaction",
    "notice",
    "statements",
    "user_id",
    "withdraw_consent",
]

T = TypeVar("T")

#: What a server's own jobs read and write at any time.
_OF_JOBS = ("change_counter", "audit_events", "logout_deliveries")


async def notice(house: House) -> None:
    """Let this node see what has changed now, as it does by itself twice a second."""
    await house.database.run(house.follow_changes)


async def change_client(house: House, client_id: str, **members: Any) -> None:
    """Change a client of our factory."""
    await factories.add_client(house, **factories.client(client_id, **members))
    await notice(house)


async def disable_client(house: House, client_id: str) -> None:
    """Disable a client."""
    assert await in_transaction(house, registry.disable, client_id)
    await notice(house)


async def user_id(house: House, username: str) -> UUID:
    """A user's id."""
    user = await in_transaction(house, directory.find, username)
    assert user is not None
    return user.id


async def withdraw_consent(house: House, username: str, client_id: str) -> None:
    """Withdraw what a person has allowed a client."""
    assert await in_transaction(house, revoking.withdraw_consent, await user_id(house, username), client_id)


async def count(house: House, model: type[Base]) -> int:
    """How many rows a table has."""
    return await in_transaction(house, lambda session: session.scalar(select(func.count()).select_from(model)) or 0)


async def events(house: House) -> list[AuditEvent]:
    """The audit trail, complete, oldest first."""
    await house.trail.write()
    return await in_transaction(
        house, lambda session: list(session.scalars(select(AuditEvent).order_by(AuditEvent.at, AuditEvent.id)))
    )


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """The statements that requests send to the database meanwhile."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        if not any(name in statement for name in _OF_JOBS):
            seen.append(statement)

    engine = house.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
