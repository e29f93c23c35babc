"""`oidc-server migrate`."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_new_installation_gets_a_master_key_that_only_its_owner_reads(
    run: Run, empty: dict[str, str], tmp_path: Path
) -> None:
    done = run("migrate", **empty)

    assert done.returncode == 0, done.stderr
    key = tmp_path / "new-keys" / "master.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with closing(sqlite3.connect(tmp_path / "new.db")) as database:
        assert database.execute("SELECT count(*) FROM signing_keys").fetchone() == (1,)


def test_migrating_again_changes_nothing(run: Run, empty: dict[str, str], tmp_path: Path) -> None:
    run("migrate", **empty)
    before = (tmp_path / "new-keys" / "master.key").read_bytes()

    again = run("migrate", **empty)

    assert again.returncode == 0
    assert (tmp_path / "new-keys" / "master.key").read_bytes() == before
    with closing(sqlite3.connect(tmp_path / "new.db")) as database:
        assert database.execute("SELECT count(*) FROM signing_keys").fetchone() == (1,)


def test_a_lost_master_key_is_never_replaced_silently(run: Run, empty: dict[str, str], tmp_path: Path) -> None:
    run("migrate", **empty)
    (tmp_path / "new-keys" / "master.key").unlink()

    again = run("migrate", **empty)

    assert again.returncode == 1
    assert "master.key is missing" in again.stderr
    assert not (tmp_path / "new-keys" / "master.key").exists()


def test_a_wrong_master_key_is_refused(run: Run, empty: dict[str, str], tmp_path: Path) -> None:
    run("migrate", **empty)
    other = {**empty, "OIDC_DATABASE_URL": f"sqlite:///{tmp_path}/other.db", "OIDC_KEYS_DIR": str(tmp_path / "other")}
    run("migrate", **other)

    crossed = run("keys", "list", **{**empty, "OIDC_KEYS_DIR": other["OIDC_KEYS_DIR"]})
    served = run("migrate", **{**empty, "OIDC_KEYS_DIR": other["OIDC_KEYS_DIR"]})

    assert crossed.returncode == 0  # what is listed is public
    assert served.returncode == 1
    assert "another master key" in served.stderr


def test_commands_before_the_first_migration_say_what_to_do(run: Run, empty: dict[str, str]) -> None:
    run("migrate", **{**empty, "OIDC_DATABASE_URL": empty["OIDC_DATABASE_URL"] + ".other"})  # makes the master key

    done = run("users", "list", **empty)

    assert done.returncode == 1
    assert "run `oidc-server migrate`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_schema_of_a_newer_release_is_left_alone(run: Run, empty: dict[str, str], tmp_path: Path) -> None:
    run("migrate", **empty)
    with closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    again = run("migrate", **empty)

    assert again.returncode == 1
    assert "at revision 9999, which a newer release has made" in again.stderr
    assert "Traceback" not in again.stderr


def test_where_nothing_can_be_kept_it_says_so(run: Run, empty: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database, and no folder, of any kind" * 100)

    no_folder = run("migrate", **{**empty, "OIDC_KEYS_DIR": str(tmp_path / "file" / "keys")})
    no_database = run("migrate", **{**empty, "OIDC_DATABASE_URL": f"sqlite:///{tmp_path}/file"})

    assert "where no key can be kept: Not a directory" in no_folder.stderr
    assert "The database refuses: file is not a database" in no_database.stderr
    assert "Traceback" not in no_folder.stderr + no_database.stderr
