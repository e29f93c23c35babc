"""The commands for users, clients, keys, settings and clean-up."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_user_is_created_listed_and_disabled(run: Run) -> None:
    made = run(
        "users", "create", "erin", "--email", "erin@example.com", "--password-stdin", "--json", stdin="a passphrase\n"
    )
    again = run("users", "create", "ERIN", "--password-stdin", stdin="a passphrase\n")
    disabled = run("users", "disable", "erin@example.com")
    listed = {user["username"]: user for user in json.loads(run("users", "list", "--json").stdout)}

    assert json.loads(made.stdout)["username"] == "erin"
    assert again.returncode == 1
    assert "already" in again.stderr
    assert disabled.returncode == 0
    assert listed["erin"]["enabled"] is False


def test_who_lost_their_factors_gets_them_reset(run: Run) -> None:
    done = run("users", "reset-factors", "alice")
    nobody = run("users", "reset-factors", "nobody")

    assert "Removed 0 factors of alice" in done.stdout
    assert "There is no user 'nobody'" in nobody.stderr


@SQLITE
def test_a_password_is_never_an_argument(run: Run) -> None:
    help_text = run("users", "create", "--help").stdout

    assert "--password-stdin" in help_text
    assert "--password " not in help_text


@SQLITE
def test_disabling_somebody_who_is_not_there_says_so(run: Run) -> None:
    assert "There is no user 'nobody'" in run("users", "disable", "nobody").stderr
    assert "There is no enabled client 'nothing'" in run("clients", "disable", "nothing").stderr


def test_what_was_disabled_is_enabled_again(run: Run) -> None:
    for kind, name in (("users", "alice"), ("clients", "shop")):
        too_early = run(kind, "enable", name)
        run(kind, "disable", name)
        done = run(kind, "enable", name)
        listed = json.loads(run(kind, "list", "--json").stdout)

        assert too_early.returncode == 1
        assert "disabled" in too_early.stderr
        assert f"Enabled {name}." in done.stdout
        assert [one["enabled"] for one in listed if name in (one.get("username"), one.get("client_id"))] == [True]
    assert "There is no user 'nobody'" in run("users", "enable", "nobody").stderr
    assert "There is no disabled client 'nothing'" in run("clients", "enable", "nothing").stderr


def test_a_client_is_created_its_secret_rotated_and_disabled(run: Run) -> None:
    arguments = ("--client-id", "new", "--redirect-uri", "https://new.example.com/cb", "--name", "New")
    made = json.loads(run("clients", "create", *arguments, "--json").stdout)
    rotated = json.loads(run("clients", "rotate-secret", "new", "--keep-old-for", "24", "--json").stdout)
    run("clients", "disable", "new")
    listed = {client["client_id"]: client for client in json.loads(run("clients", "list", "--json").stdout)}

    assert made["client_secret"] != rotated["client_secret"]
    assert len(made["client_secret"]) == 43
    assert listed["new"]["enabled"] is False


@SQLITE
def test_a_client_that_cannot_be_meant_is_refused(run: Run) -> None:
    without = run("clients", "create", "--client-id", "new")
    taken = run("clients", "create", "--client-id", "shop", "--redirect-uri", "https://new.example.com/cb")
    public = run("clients", "rotate-secret", "spa")

    assert "redirect_uris must hold at least one" in without.stderr
    assert "There is a client 'shop' already" in taken.stderr
    assert "that has secrets" in public.stderr


def test_keys_are_announced_then_promoted(run: Run) -> None:
    before = json.loads(run("keys", "list", "--json").stdout)
    announced = json.loads(run("keys", "rotate", "--json").stdout)
    promoted = json.loads(run("keys", "rotate", "--now", "--json").stdout)
    after = {key["kid"]: key["state"] for key in json.loads(run("keys", "list", "--json").stdout)}

    assert [key["state"] for key in before] == ["signs"]
    assert announced["state"] == "announced"
    assert promoted["kid"] == announced["kid"]
    assert after == {before[0]["kid"]: "verifies", announced["kid"]: "signs"}


@SQLITE
def test_settings_are_listed_without_secrets_and_misspelt_ones_are_pointed_out(run: Run) -> None:
    url = "postgresql://someone:hush-hush@db.example.com/x"
    done = run("settings", "--json", OIDC_DATABASE_URL=url, OIDC_LIFETIME_SESION="1h")
    values = {row["variable"]: row["value"] for row in json.loads(done.stdout)}

    assert values["OIDC_LIFETIME_SESSION"] == "7d"
    assert "hush-hush" not in done.stdout + done.stderr
    assert "OIDC_LIFETIME_SESION is no setting" in done.stderr


@SQLITE
def test_misspelt_settings_of_the_file_are_pointed_out_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OIDC_LIFETIME_SESION=1h\nOIDC_LIFETIME_ID_TOKEN=7m\n")

    done = run("settings", "--json")

    assert {row["variable"]: row["value"] for row in json.loads(done.stdout)}["OIDC_LIFETIME_ID_TOKEN"] == "7m"
    assert "OIDC_LIFETIME_SESION is no setting" in done.stderr
    assert "OIDC_LIFETIME_ID_TOKEN" not in done.stderr


@SQLITE
def test_it_says_which_release_it_is(run: Run) -> None:
    assert run("--version").stdout == f"oidc-server {version('oidc-server')}\n"


def test_response_types_may_be_set_whichever_way_round_and_unknown_ones_are_refused(run: Run) -> None:
    done = run("settings", "--json", OIDC_REGISTRATION_RESPONSE_TYPES="code,token id_token")
    values = {row["variable"]: row["value"] for row in json.loads(done.stdout)}
    unknown = run("settings", "--json", OIDC_REGISTRATION_RESPONSE_TYPES="code,tokn")

    assert values["OIDC_REGISTRATION_RESPONSE_TYPES"] == ["code", "id_token token"]
    assert unknown.returncode != 0
    assert "OIDC_REGISTRATION_RESPONSE_TYPES" in unknown.stderr
    assert "tokn" in unknown.stderr


def test_clean_up_says_what_it_removed(run: Run) -> None:
    done = json.loads(run("cleanup", "--json").stdout)

    rooms = {"grants", "sessions", "audit_events", "client_secrets", "initial_access_tokens", "unused_clients"}
    assert set(done) == {
        *rooms,
        "revoked_tokens",
        "used_assertions",
        "logout_deliveries",
        "device_requests",
        "users",
        "trusted_browsers",
        "spent_proofs",
        "used_upstream_attempts",
        "unconfirmed_users",
        "links",
        "mails",
        "ownerless_projects",
    }


@SQLITE
@pytest.mark.parametrize(
    "words",
    [
        ("users", "disable", "nobody"),
        ("users", "reset-factors", "nobody"),
        ("sessions", "list", "nobody"),
        ("sessions", "end", "nobody"),
        ("consents", "list", "nobody"),
        ("consents", "withdraw", "nobody", "shop"),
        ("tokens", "revoke", "--user", "nobody"),
    ],
)
def test_whoever_is_not_there_is_told_of_alike_by_every_command(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)

    assert done.stderr == "Error: There is no user 'nobody'.\n"
    assert done.returncode == 1
