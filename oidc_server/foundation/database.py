"""The database: how rooms read and write it, and what a request gets when it is down.

Rooms are plain synchronous functions that take a `Handle`. They run inside `Database.run`, which carries them on the
asynchronous driver (docs/decisions/0002): nothing blocks, and Authlib's synchronous core works in the same transaction.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any, ClassVar, TypeVar, TypeVarTuple

import orjson
import structlog
from circuitbreaker import CircuitBreaker
from sqlalchemy import JSON, Connection, DateTime, Engine, MetaData, String, event, make_url
from sqlalchemy.engine import URL, Dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator
from sqlalchemy.util.concurrency import await_, greenlet_spawn

from oidc_server.foundation.bells import Bells
from oidc_server.foundation.errors import Misconfigured, Refused, Unavailable
from oidc_server.foundation.languages import N_
from oidc_server.settings.service import DatabaseSettings

Ts = TypeVarTuple("Ts")
T = TypeVar("T")

#: What a room's function may be handed: one statement after the other, or one transaction.
Handle = Connection | Session

_DRIVERS = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg", "sqlite": "sqlite+aiosqlite"}
_FAILURES_TO_OPEN = 3
_SECONDS_OPEN = 2

#: SQLSTATEs with which PostgreSQL says that it can't serve now; asyncpg's errors are never `OperationalError`. Whole
#: classes: connection lost, out of resources, intervention by an operator, we are not let in, no such database; and: read-only,
#: not accepting connections.
_DOWN_CLASSES = ("08", "53", "57", "28", "3D")
_DOWN = {"25006", "55000"}
#: A lock was not to be had in time, a deadlock, a serialisation failure.
_LOCKED = {"55P03", "40P01", "40001"}

log = structlog.get_logger(__name__)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, also on databases that forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a datetime without a zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a datetime without a zone")
        return value.astimezone(UTC) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Put the zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Base(DeclarativeBase):
    """Every table."""

    type_annotation_map: ClassVar = {
        str: String(255),
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(none_as_null=True),
        dict[str, str]: JSON(),
        list[str]: JSON(),
    }
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Database:
    """One worker's connections, behind one circuit breaker."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.url = _url(settings.url.get_secret_value())
        self.breaker = CircuitBreaker(
            name="database",
            failure_threshold=_FAILURES_TO_OPEN,
            recovery_timeout=_SECONDS_OPEN,
            expected_exception=_is_down,
        )
        self._engine = _engine(self.url, settings)
        self._one_by_one = self._engine.sync_engine
        self._together = _transactional(self._engine)
        self.bells = Bells()

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run synchronous work that reads and writes; every wait inside it lets other requests go on."""
        return await greenlet_spawn(work, *args)

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """Statements that each stand for themselves: one round trip, committed at once."""
        with self._guarded(), self._one_by_one.connect() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction, committed at the end; a `Refused` keeps what was written, any other error undoes it."""
        with self._guarded(), Session(self._together, expire_on_commit=False) as session:
            try:
                yield session
            except Refused:
                self._commit(session)
                raise
            self._commit(session)

    def _commit(self, session: Session) -> None:
        session.commit()
        self.bells.ring(session)

    async def dispose(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def engine(self) -> AsyncEngine:
        """The engine itself, for migrations and for those who count round trips."""
        return self._engine

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn a database that is down into `Unavailable`, and stop asking it for a moment."""
        if self.breaker.opened:
            raise Unavailable(
                N_("The server is busy. Please try again in a moment."), because="database breaker is open"
            )
        try:
            with self.breaker:
                yield
        except Exception as error:
            if not _is_down(type(error), error) and not _is_locked(error):
                raise
            log.warning("database_failed", error=type(error).__name__, breaker=self.breaker.state)
            raise Unavailable(
                N_("The server is busy. Please try again in a moment."), because=_describe(error)
            ) from error


def wait(awaitable: Awaitable[T]) -> T:
    """Wait for asynchronous work from inside `Database.run`, such as a password hash in its pool."""
    return await_(awaitable)


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except Exception as error:
        raise Misconfigured(
            "OIDC_DATABASE_URL cannot be read: expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
        ) from error
    family = url.drivername.partition("+")[0]
    if family not in _DRIVERS:
        raise Misconfigured(f"OIDC_DATABASE_URL names {family!r}, expected one of sqlite, postgresql.")
    if family == "sqlite" and (not url.database or ":memory:" in url.database or "mode=memory" in text):
        raise Misconfigured(
            "OIDC_DATABASE_URL names a database in memory, which is lost with its connection: name a file."
        )
    if family == "sqlite" and url.database and not Path(url.database).absolute().parent.is_dir():
        raise Misconfigured(
            f"OIDC_DATABASE_URL names a file in {Path(url.database).absolute().parent}, which is no folder."
        )
    if family == "sqlite" and url.database and Path(url.database).is_dir():
        raise Misconfigured(f"OIDC_DATABASE_URL names {url.database}, which is a folder: name a file.")
    query = {("ssl" if name == "sslmode" and family != "sqlite" else name): value for name, value in url.query.items()}
    return url.set(drivername=_DRIVERS[family], query=query)


def _engine(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    seconds = settings.timeout.total_seconds()
    common: dict[str, Any] = {
        "isolation_level": "AUTOCOMMIT",
        "hide_parameters": True,
        "pool_timeout": seconds,
        "json_deserializer": orjson.loads,
    }
    if url.drivername.startswith("sqlite"):
        engine = create_async_engine(url, connect_args={"timeout": seconds}, pool_size=settings.pool_size, **common)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        return engine
    milliseconds = str(int(seconds * 1000))
    connect_args = {
        "timeout": seconds,
        "command_timeout": seconds,
        "server_settings": {
            "application_name": "oidc-server",
            "jit": "off",
            "lock_timeout": milliseconds,
            "idle_in_transaction_session_timeout": str(int(seconds * 4000)),
        },
    }
    return create_async_engine(
        url,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_size,
        pool_recycle=1800,
        connect_args=connect_args,
        **common,
    )


def _transactional(engine: AsyncEngine) -> Engine:
    """The same pool, for several statements that belong together."""
    if engine.dialect.name != "sqlite":
        return engine.sync_engine.execution_options(isolation_level="READ COMMITTED")
    together = engine.sync_engine.execution_options()
    # SQLite takes the write lock at once and waits for it; a later upgrade would fail with "locked" instead of waiting.
    event.listen(together, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return together


def _prepare_sqlite(connection: SqliteConnection, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _is_down(_: type[BaseException] | None, error: BaseException | None) -> bool:
    """Whether the database cannot be reached or doesn't answer; a mistake in what we asked is none of its faults."""
    if isinstance(error, DBAPIError):
        if isinstance(error, IntegrityError | ProgrammingError):
            return False
        state = _state(error)
        says_so = state in _DOWN or state.startswith(_DOWN_CLASSES)
        return not _is_locked(error) and (
            says_so or isinstance(error, OperationalError) or error.connection_invalidated
        )
    return isinstance(error, OSError | TimeoutError | PoolTimeout)


def _is_locked(error: BaseException) -> bool:
    if isinstance(error, DBAPIError) and _state(error) in _LOCKED:
        return True
    return isinstance(error, OperationalError) and "locked" in str(error.orig)


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _describe(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}"[:300]
