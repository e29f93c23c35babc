"""`oidc-server apply`."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from oidc_server.house import House
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.cli.conftest import Run
from tests.foundation.web.test_branding import PNG
from tests.oauth import deeds

ROOT = Path(__file__).parents[2]

FILE = """
clients:
  - client_id: web
    client_secret: a-secret-of-more-than-thirty-two-characters
    client_name: Web
    redirect_uris: [https://web.example.com/callback]
  - client_id: made-up
    grant_types: [client_credentials]
resources:
  - resource: https://things.example.com
    scopes: [things.read, things.write]
users:
  - username: carol
    password: a long passphrase
    email: carol@example.com
    name: Carol
    name#ja-kana-jp: キャロル
    address: {locality: Rome}
    address#it: {locality: Roma}
"""

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def write(folder: Path, text: str) -> str:
    (folder / "file.yaml").write_text(text)
    return "file.yaml"


def test_what_the_file_says_is_made_once_and_then_left_alone(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, FILE)

    first, second = run("apply", file), run("apply", file)

    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    names = ("client web", "client made-up", "resource https://things.example.com", "user carol")
    assert [f"{name}: created" in first.stdout for name in names] == [True] * 4
    assert [f"{name}: unchanged" in second.stdout for name in names] == [True] * 4
    assert "client_secret of made-up (shown once):" in first.stdout
    assert "shown once" not in second.stdout


@SQLITE
def test_what_differs_is_changed_and_only_that(run: Run, tmp_path: Path) -> None:
    run("apply", write(tmp_path, FILE))
    changed = FILE.replace("Rome", "Paris").replace("[things.read, things.write]", "{things.read: See things}")

    done = run("apply", write(tmp_path, changed.replace("client_name: Web", "client_name: Web!")))

    assert "client web: changed" in done.stdout
    assert "client made-up: unchanged" in done.stdout
    assert "resource https://things.example.com: changed" in done.stdout
    assert "user carol: changed" in done.stdout


async def test_where_people_get_another_sub_they_sign_in_again(
    run: Run, tmp_path: Path, person: Person, relying_party: RelyingParty, house: House
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid offline_access")).code)
    shop = {
        "client_id": "shop",
        "redirect_uris": [relying_party.redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
    }

    assert run("apply", write(tmp_path, yaml.safe_dump({"clients": [shop]}))).returncode == 0
    await deeds.notice(house)
    tokens = await relying_party.refresh(tokens.refresh_token)
    assert tokens.access_token

    run("apply", write(tmp_path, yaml.safe_dump({"clients": [{**shop, "subject_type": "pairwise"}]})))
    await deeds.notice(house)
    assert (
        await relying_party.refresh(tokens.refresh_token)
    ).error == "invalid_grant"  # SPEC OpenID Connect Core §12.2


@SQLITE
def test_a_dry_run_says_what_would_be_done_and_does_nothing(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, FILE)

    tried, done = run("apply", file, "--dry-run"), run("apply", file)

    assert "client web: would be created" in tried.stdout
    assert "shown once" not in tried.stdout
    assert "client web: created" in done.stdout


@SQLITE
def test_json_is_for_programs(run: Run, tmp_path: Path) -> None:
    done = json.loads(run("apply", write(tmp_path, FILE), "--json").stdout)

    assert [line["action"] for line in done] == ["created"] * 4
    assert [bool(line["client_secret"]) for line in done] == [False, True, False, False]


@SQLITE
def test_a_logo_is_a_file_that_pages_will_find(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logos").mkdir()
    (tmp_path / "logos" / "web.png").write_bytes(PNG)
    file = write(tmp_path, FILE.replace("client_name: Web", "branding: {logo: web.png}"))
    (tmp_path / "misspelt.yaml").write_text(FILE.replace("client_name: Web", "branding: {logo: wob.png}"))
    folder = {"OIDC_BRANDING_LOGOS_DIR": "logos"}

    nowhere, unknown = run("apply", file), run("apply", "misspelt.yaml", **folder)
    done, again = run("apply", file, **folder), run("apply", file, **folder)

    assert "The logo of web is web.png, which is in no folder: OIDC_BRANDING_LOGOS_DIR is not set." in nowhere.stderr
    assert "The logo of web is wob.png, which is not in logos." in unknown.stderr
    assert [nowhere.returncode, unknown.returncode] == [1, 1]
    assert "client web: created" in done.stdout
    assert "client web: unchanged" in again.stdout


@SQLITE
def test_disabling_and_enabling(run: Run, tmp_path: Path) -> None:
    run("apply", write(tmp_path, FILE))

    off = run("apply", write(tmp_path, FILE.replace("client_name: Web", "client_name: Web\n    enabled: false")))
    clients = {one["client_id"]: one for one in json.loads(run("clients", "list", "--json").stdout)}
    on = run("apply", write(tmp_path, FILE))

    assert "client web: changed" in off.stdout
    assert clients["web"]["enabled"] is False
    assert "client web: changed" in on.stdout


@SQLITE
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clients: [", "is not YAML"),
        ("clients: [{client_id: x}]", "redirect_uris must hold at least one"),
        ("clients: [{client_id: x, redirect_uris: ['https://x.example.com/#f']}]", "must have no fragment"),
        (
            "clients: [{client_id: x, redirect_uri: 'https://x.example.com/'}]",
            "clients.0.redirect_uri: there is no such member",
        ),
        ("clients: [{client_id: 'a b', redirect_uris: ['https://x.example.com/']}]", "printable ASCII without spaces"),
        (
            "clients: [{client_id: x, client_secret: y, token_endpoint_auth_method: none, redirect_uris: ['https://x.example.com/']}]",
            "client_secret is not for token_endpoint_auth_method none",
        ),
        (
            "clients: [{client_id: x, grant_types: [client_credentials], token_endpoint_auth_method: none}]",
            "RFC 6749 §4.4",
        ),
        (
            "clients: [{client_id: x, grant_types: [client_credentials]}, {client_id: x, grant_types: [password]}]",
            "twice",
        ),
        ("users: [{username: x, password: a, password_hash: b}]", "not both"),
        ("users: [{username: x, password_hash: plain}]", "of no kind that we know"),
        ("users: [{username: x, email: nonsense}]", "users.0.email"),
        ("users: [{username: 'alice@example.com'}]", "must be the user's own e-mail address"),
        ("users: [{username: x, email: alice@example.com}]", "of x belongs to another user, alice"),
        ("users: [{username: x, birthdate: yesterday}]", "users.0.birthdate"),
        ("users: [{username: x, 'email#de': x@example.com}]", "email#de: only these can be told in other languages"),
        ("users: [{username: x, 'name#': x}]", "name#: after # comes a language tag"),
        ("users: [{username: x, 'name#de_CH': x}]", "name#de_CH: after # comes a language tag"),
        ("users: [{username: x, 'website#de': x}]", "website#de: "),
        ("users: [{username: x, 'name#de': [x]}]", "name#de: "),
        ("users: [{username: x, 'name#de-ch': x, 'name#de-CH': x}]", "twice"),
        ("users: [{username: x, translations: {'name#de': x}}]", "users.0.translations"),
        ("resources: [{resource: not-a-uri, scopes: [a]}]", "must be an absolute URI"),
        ("resources: [{resource: 'https://other.example.com', scopes: [orders.read]}]", "belongs to the resource"),
        ("resources: [{resource: 'https://other.example.com', scopes: [openid]}]", "OpenID Connect's own"),
        (
            "resources: [{resource: 'https://other.example.com', scopes: [x], client_id: nobody}]",
            "names no client that there is",
        ),
        ("things: []", "things: there is no such member"),
        ("- a list", "The file must be a mapping"),
        ("clients: {client_id: x}", "clients: must be a list"),
        ("clients:", "clients: must be a list"),
        ("clients: [{client_name: x}]", "clients.0.client_id: is missing"),
        ("users: [{username: x, password: 123456789}]", "users.0.password: must be text"),
        ("users: [{username: x, birthdate: 1990-01-01}]", "needs quotes"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_whole(run: Run, tmp_path: Path, text: str, expected: str) -> None:
    done = run("apply", write(tmp_path, text))

    assert done.returncode == 1
    assert expected in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@SQLITE
@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("client_secret: short", "the client_secret of x is short"),
        ("scope: openid things.do", "the scope things.do of x is no resource's"),
        ("redirect_uris: ['https://x.example.com/*']", "its * stands for itself"),
    ],
)
def test_what_is_most_likely_not_meant_is_pointed_out(run: Run, tmp_path: Path, member: str, expected: str) -> None:
    file = write(tmp_path, f"clients:\n  - client_id: x\n    grant_types: [client_credentials]\n    {member}\n")

    done = run("apply", file)

    assert "client x: created" in done.stdout
    assert expected in done.stderr


@SQLITE
def test_a_file_that_names_nothing_says_so(run: Run, tmp_path: Path) -> None:
    assert "file.yaml names nothing." in run("apply", write(tmp_path, "")).stdout


@SQLITE
def test_nothing_of_a_file_is_done_when_a_part_cannot_be(run: Run, tmp_path: Path) -> None:
    run("apply", write(tmp_path, FILE + "  - {username: dave, email: alice@example.com}\n"))

    usernames = {user["username"] for user in json.loads(run("users", "list", "--json").stdout)}

    assert "carol" not in usernames


@SQLITE
def test_the_example_is_what_it_says(run: Run, empty: dict[str, str]) -> None:
    run("migrate", **empty)
    done = run("apply", str(ROOT / "examples" / "apply.yaml"), "--dry-run", **empty)

    assert done.returncode == 0, done.stderr
    assert "client shop-cli: would be created" in done.stdout


def test_the_schema_agrees_with_the_example() -> None:
    schema = json.loads((ROOT / "docs" / "apply.schema.json").read_text())
    document = yaml.safe_load((ROOT / "examples" / "apply.yaml").read_text())

    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "misspelt": []}, schema)
