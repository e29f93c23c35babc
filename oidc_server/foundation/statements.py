"""Statements that every supported database can do, each in its own words."""

from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, Table, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from oidc_server.foundation.database import Database, Handle

_AT_ONCE = 1_000


def insert_if_absent(
    handle: Handle, model: type[DeclarativeBase], values: dict[str, Any], row: Select[Any] | None = None
) -> bool:
    """Insert a row unless one with its key is there; whether it was inserted.

    `row` is a `parameters_of` that finds nothing where nothing may be inserted; it is made once, as the statement is kept.
    """
    return affected(handle.execute(_insert_missing(_dialect(handle), model, row), values)) == 1


def parameters_of(model: type[DeclarativeBase]) -> Select[Any]:
    """A row of parameters, one for each column; `where` says what else must be so when it is inserted."""
    return select(*(bindparam(column.name, type_=column.type) for column in table(model).columns))


def insert_missing(handle: Handle, model: type[DeclarativeBase], rows: list[dict[str, Any]]) -> None:
    """Insert rows, many in one statement, but for those that are there already."""
    handle.execute(_insert_missing(_dialect(handle), model), rows)


def insert_selected(handle: Handle, model: type[DeclarativeBase], columns: list[str], chosen: Select[Any]) -> int:
    """Insert the rows that a SELECT with conditions finds, but for those that are there already; how many."""
    insert = sqlite.insert if _dialect(handle) == "sqlite" else postgresql.insert
    return affected(handle.execute(insert(table(model)).from_select(columns, chosen).on_conflict_do_nothing()))


def put(handle: Handle, model: type[DeclarativeBase], key: list[str], values: dict[str, Any]) -> None:
    """Insert a row; where one with its key is there, it becomes this one."""
    insert = sqlite.insert if _dialect(handle) == "sqlite" else postgresql.insert
    handle.execute(insert(table(model)).values(values).on_conflict_do_update(index_elements=key, set_=values))


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


@cache
def _insert_missing(dialect: str, model: type[DeclarativeBase], row: Select[Any] | None = None) -> Executable:
    insert = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table(model))
    if row is not None:
        insert = insert.from_select(list(table(model).columns), row)
    return insert.on_conflict_do_nothing()


def table(model: type[DeclarativeBase]) -> Table:
    """The table of a model, for statements that make no objects of rows."""
    assert isinstance(model.__table__, Table)  # noqa: S101 - what every mapped class has
    return model.__table__


def _dialect(handle: Handle) -> str:
    bind = handle.get_bind() if hasattr(handle, "get_bind") else handle
    return bind.dialect.name
