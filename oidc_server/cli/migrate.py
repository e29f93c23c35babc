"""`oidc-server migrate`: this release's schema; on a new database, the master key and the first signing key too."""

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from oidc_server.cli import reach
from oidc_server.clients import first_party
from oidc_server.foundation import sealing
from oidc_server.foundation.database import Database
from oidc_server.foundation.deferred import Deferred
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.web.shipped import folder
from oidc_server.house import House, revision_of
from oidc_server.keys.models import SigningKey
from oidc_server.settings.model import Settings
from oidc_server.tables import REVISIONS

if TYPE_CHECKING:
    from alembic import command, config
else:
    command = Deferred("alembic.command")
    config = Deferred("alembic.config")


def migrate() -> None:
    """Bring the database to this release's schema. A new installation also gets its master key and first signing key."""
    for line in prepare(reach.settings()):
        reach.out.print(line)


def prepare(settings: Settings) -> list[str]:
    """Do all that comes before the first start; what was done, a line each."""
    with reach.in_words():
        if not reach.run_async(_is_current(settings)):
            upgrade(settings)
    done = ["The database is at this release's schema."]
    return done + reach.run_async(_prepare_keys(settings))


async def _is_current(settings: Settings) -> bool:
    """Whether there is nothing to do: most starts need not load Alembic at all."""
    database = Database(settings.database)
    try:
        revision = await database.run(revision_of, database)
    finally:
        await database.dispose()
    if revision is not None and revision not in REVISIONS:
        raise Misconfigured(
            f"The database's schema is at revision {revision}, which a newer release has made: this one knows"
            f" {REVISIONS[-1]}, and migrates nothing back."
        )
    return revision == REVISIONS[-1]


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Run the migrations that are missing."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(alembic_config(settings), revision)


def alembic_config(settings: Settings) -> "config.Config":
    """Alembic, told where our migrations and the database are."""
    told = config.Config()
    told.set_main_option("script_location", str(folder("alembic")).replace("%", "%%"))
    told.attributes["settings"] = settings
    return told


async def _prepare_keys(settings: Settings) -> list[str]:
    done = []
    if not sealing.exists(settings.keys.dir):
        if await _has_signing_keys(settings):
            raise Misconfigured(
                f"The database holds signing keys, but {settings.keys.dir / sealing.FILE_NAME} is missing. Put the master key"
                " that this database was made with there: a new one could open nothing in it."
            )
        with suppress(FileExistsError):  # another node was faster: we take its key
            sealing.create(settings.keys.dir)
            done.append(
                f"Made the master key {settings.keys.dir / sealing.FILE_NAME}: back it up, apart from the database."
            )
    house = House(settings)
    try:
        if await house.database.run(house.rotation.start):
            done.append("Made the first signing key.")
        await house.database.run(house.follow_changes)
        if await house.database.run(_make_own_client, house):
            done.append(f"Registered the client {first_party.CLIENT_ID}, for first-party apps.")
    finally:
        await house.close()
    return done


def _make_own_client(house: House) -> bool:
    with house.database.transaction() as session:
        return first_party.make_if_missing(session)


async def _has_signing_keys(settings: Settings) -> bool:
    database = Database(settings.database)

    def count() -> int:
        with database.autocommit() as connection:
            return connection.execute(select(func.count()).select_from(SigningKey)).scalar_one()

    try:
        return await database.run(count) > 0
    finally:
        await database.dispose()
