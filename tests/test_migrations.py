"""Migrations: up, down and up again on both databases, and what they make is what the models say."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.orm import Session

from oidc_server.cli import migrate, reach
from oidc_server.foundation import sealing
from oidc_server.foundation.database import Database
from oidc_server.foundation.errors import Misconfigured
from oidc_server.house import House
from oidc_server.settings.model import Settings
from oidc_server.tables import METADATA, REVISIONS
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.oauth import deeds
from tests.postgres import Postgres
from tests.servers import environment

Schema = dict[str, Any]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, pg: Postgres, tmp_path: Path) -> Iterator[Settings]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield make_settings(f"sqlite:///{tmp_path}/empty.db", tmp_path / "keys")
        return
    name = pg.create()
    yield make_settings(pg.url(name), tmp_path / "keys")
    pg.drop(name)


def ask(settings: Settings, question: Any) -> Any:
    """Ask the database something synchronously."""

    async def run() -> Any:
        database = Database(settings.database)
        try:
            return await database.run(lambda: _with_connection(database, question))
        finally:
            await database.dispose()

    return reach.run_async(run())


def _with_connection(database: Database, question: Any) -> Any:
    with database.autocommit() as connection:
        return question(connection)


def schema(connection: Connection) -> Schema:
    """Everything that a database says of its tables."""
    found = inspect(connection)
    return {
        table: {
            "columns": sorted((one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(table)),
            "primary key": found.get_pk_constraint(table),
            "unique": sorted(map(str, found.get_unique_constraints(table))),
            "indexes": sorted(map(str, found.get_indexes(table))),
            "foreign keys": sorted(map(str, found.get_foreign_keys(table))),
        }
        for table in sorted(found.get_table_names())
        if table != "alembic_version"
    }


def test_up_down_and_up_again_leaves_the_same(empty: Settings) -> None:
    migrate.upgrade(empty)
    first = ask(empty, schema)
    command.downgrade(migrate.alembic_config(empty), "base")
    assert ask(empty, schema) == {}
    migrate.upgrade(empty)

    assert ask(empty, schema) == first
    assert set(first) == set(METADATA.tables)


def test_migrations_make_what_the_models_say(empty: Settings) -> None:
    migrate.upgrade(empty)

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, METADATA))

    assert ask(empty, compare) == []


def test_making_a_table_anew_takes_nothing_along(database_url: str, template: Template) -> None:
    settings = make_settings(database_url, template.keys)

    def rows(connection: Connection) -> list[Any]:
        tables = ("clients", "client_secrets", "client_origins", "users", "resources")
        return [connection.exec_driver_sql(f"SELECT count(*) FROM {one}").scalar() for one in tables]  # noqa: S608

    before = ask(settings, rows)
    command.downgrade(migrate.alembic_config(settings), "0010")
    assert ask(settings, rows) == before
    migrate.upgrade(settings)

    assert ask(settings, rows) == before
    assert 0 not in before


def test_migrating_again_changes_nothing(empty: Settings) -> None:
    first = migrate.prepare(empty)
    again = migrate.prepare(empty)

    assert len(first) == 4  # the schema, the master key, the first signing key, the client for apps of our own
    assert len(again) == 1


def test_the_release_knows_every_revision() -> None:
    scripts = ScriptDirectory.from_config(migrate.alembic_config(make_settings("sqlite:///x.db", Path("keys"))))

    assert [one.revision for one in reversed(list(scripts.walk_revisions()))] == list(REVISIONS)
    assert len(scripts.get_heads()) == 1


def test_every_name_in_the_schema_is_chosen_by_us() -> None:
    unnamed = [
        f"{table.name}: {type(constraint).__name__}"
        for table in METADATA.tables.values()
        for constraint in table.constraints
        if constraint.name is None
    ]

    assert unnamed == []


def test_two_nodes_of_a_new_installation_may_migrate_at_once(empty: Settings, tmp_path: Path) -> None:
    command_line = [sys.executable, "-m", "oidc_server.cli.main", "migrate"]
    said = subprocess.PIPE
    started = [
        subprocess.Popen(command_line, cwd=tmp_path, env=environment(empty), stdout=said, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=60)[0].decode() for one in started]

    assert [one.returncode for one in started] == [0] * 2, "\n".join(told)
    assert ask(empty, lambda connection: connection.exec_driver_sql("SELECT count(*) FROM signing_keys").scalar()) == 1


def test_a_node_whose_master_key_another_has_just_made_takes_that_one(
    empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing.create(empty.keys.dir)
    before = (empty.keys.dir / sealing.FILE_NAME).read_bytes()
    # What it looks like when the other node is faster between our look and our deed.
    monkeypatch.setattr(sealing, "exists", lambda folder: False)

    migrate.prepare(empty)

    assert (empty.keys.dir / sealing.FILE_NAME).read_bytes() == before


async def test_a_newer_release_s_migrations_do_not_disturb_a_running_server(
    house: House, person: Person, relying_party: RelyingParty
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)
    for table in METADATA.tables:
        statement = f"ALTER TABLE {table} ADD COLUMN of_a_newer_release VARCHAR(10)"
        await deeds.in_transaction(house, lambda session, text=statement: session.connection().exec_driver_sql(text))

    assert (await relying_party.userinfo(tokens.access_token)).status_code == 200
    assert (await relying_party.refresh(tokens.refresh_token)).status == 200
    assert (await relying_party.redeem((await person.approve(relying_party)).code)).status == 200
    await house.database.run(house.clean_up)


@pytest.mark.parametrize(("revision", "may_start"), [("9999", True), (None, False)])
async def test_a_server_starts_on_its_own_schema_or_a_newer_one(
    house: House, settings: Settings, revision: str | None, may_start: bool
) -> None:
    def write(session: Session) -> None:
        session.connection().exec_driver_sql("DELETE FROM alembic_version")
        if revision:
            session.connection().exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{revision}')")  # noqa: S608

    await deeds.in_transaction(house, write)
    other = House(settings)
    try:
        if may_start:
            await other.check()
        else:
            with pytest.raises(Misconfigured, match="oidc-server migrate"):
                await other.check()
    finally:
        await other.close()
