"""How migrations reach the database: through the server's own connection, in one transaction, one at a time."""

import asyncio
from datetime import timedelta

from alembic import context
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection

from oidc_server.foundation.database import Database
from oidc_server.settings.model import Settings
from oidc_server.tables import METADATA

_LOCK = 5_062_026
_TIMEOUT = timedelta(minutes=30)


def _migrate(database: Database) -> None:
    with database.transaction() as session:
        if database.dialect == "postgresql":
            session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        context.configure(
            connection=session.connection(),
            target_metadata=METADATA,
            render_as_batch=database.dialect == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


def _without_cascades(connection: DBAPIConnection, _: object) -> None:
    """Where SQLite makes a table anew, dropping the old one must not take along what refers to it."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()


async def _run() -> None:
    settings = context.config.attributes.get("settings") or Settings()
    database = Database(settings.database.model_copy(update={"timeout": _TIMEOUT}))
    if database.dialect == "sqlite":
        event.listen(database.engine.sync_engine, "connect", _without_cascades)
    try:
        await database.run(_migrate, database)
    finally:
        await database.dispose()


if context.is_offline_mode():
    raise SystemExit("Migrations need the database: their SQL depends on it.")
asyncio.run(_run())
