"""Statements that every supported database can do, each in its own words."""

from typing import Any

from sqlalchemy import ColumnElement, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from oidc_server.foundation.database import Database, Handle

_AT_ONCE = 1_000


def insert_if_absent(handle: Handle, model: type[DeclarativeBase], values: dict[str, Any]) -> bool:
    """Insert a row unless one with its key is there; whether it was inserted."""
    insert = sqlite.insert if _dialect(handle) == "sqlite" else postgresql.insert
    statement = insert(_table(model)).values(values).on_conflict_do_nothing()
    return affected(handle.execute(statement)) == 1


def insert_missing(handle: Handle, model: type[DeclarativeBase], rows: list[dict[str, Any]]) -> None:
    """Insert rows, many in one statement, but for those that are there already."""
    insert = sqlite.insert if _dialect(handle) == "sqlite" else postgresql.insert
    handle.execute(insert(_table(model)).on_conflict_do_nothing(), rows)


def remove_in_batches(database: Database, key: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]) -> int:
    """Delete the rows that meet all conditions, a thousand at a time so that nobody waits long; how many."""
    doomed = select(key).where(*conditions).limit(_AT_ONCE)
    removed = 0
    while True:
        with database.autocommit() as connection:
            batch = affected(connection.execute(delete(key.class_).where(key.in_(doomed))))
        removed += batch
        if batch < _AT_ONCE:
            return removed


def affected(result: Any) -> int:
    """How many rows a statement wrote."""
    assert isinstance(result, CursorResult)  # noqa: S101 - what every INSERT, UPDATE and DELETE returns
    return result.rowcount


def _table(model: type[DeclarativeBase]) -> Table:
    assert isinstance(model.__table__, Table)  # noqa: S101 - what every mapped class has
    return model.__table__


def _dialect(handle: Handle) -> str:
    bind = handle.get_bind() if hasattr(handle, "get_bind") else handle
    return bind.dialect.name
