"""`oidc-server upstreams`, and what the apply file says of them."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.test_apply import SQLITE, write

FILE = """
upstreams:
  - slug: google
    kind: oidc
    name: Google
    issuer: https://accounts.google.com
    client_id: us
    client_secret: what-google-gave-us
  - slug: github
    kind: oauth2
    name: GitHub
    client_id: us
    client_secret: what-github-gave-us
    authorization_endpoint: https://github.com/login/oauth/authorize
    token_endpoint: https://github.com/login/oauth/access_token
    userinfo_endpoint: https://api.github.com/user
"""


def test_what_the_file_says_is_made_once_listed_and_disabled(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, FILE)

    first, second = run("apply", file), run("apply", file)
    changed = run("apply", write(tmp_path, FILE.replace("what-google-gave-us", "what-google-gave-us-next")))
    done, again, nobody = (run("upstreams", "disable", slug) for slug in ("google", "google", "nobody"))
    listed = json.loads(run("upstreams", "list", "--json").stdout)

    assert ["upstream google: created" in first.stdout, "upstream github: created" in first.stdout] == [True] * 2
    assert second.stdout.count("unchanged") == 2
    assert "upstream google: changed" in changed.stdout
    assert "Disabled google." in done.stdout
    assert "already" in again.stdout
    assert (nobody.returncode, "no upstream" in nobody.stderr) == (1, True)
    assert [(one["slug"], one["kind"], one["enabled"]) for one in listed] == [
        ("github", "oauth2", True),
        ("google", "oidc", False),
    ]
    assert listed[0]["redirect_uri"] == "https://id.example.com/login/upstream/github/callback"
    enabled, enabled_again, nowhere = (run("upstreams", "enable", slug) for slug in ("google", "google", "nobody"))
    assert "Enabled google." in enabled.stdout
    assert "already" in enabled_again.stdout
    assert (nowhere.returncode, "no upstream" in nowhere.stderr) == (1, True)
    assert all(one["enabled"] for one in json.loads(run("upstreams", "list", "--json").stdout))
    everything = "".join(one.stdout + one.stderr for one in (first, second, changed, done, enabled))
    assert "what-google" not in everything


@SQLITE
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("slug: google", "slug: Google", "slug"),
        ("kind: oidc", "kind: magic", "kind"),
        ("    client_secret: what-google-gave-us\n", "", "client_secret is missing"),
        ("name: Google", "name: Google\n    token_endpoint_auth_method: none", "not for"),
        ("name: Google", "name: Google\n    email_matching: verified", "trusted_for_email"),
        ("name: Google", "name: Google\n    claims: {roles: groups}", "'roles' is no claim"),
        ("name: Google", "name: Google\n    scopes: [profile]", "openid"),
        ("name: Google", "name: Google\n    email_domains: ['@example.com']", "domain"),
        ("name: Google", "name: Google\n    client_secrets: x", "client_secrets"),
        ("https://accounts.google.com", "javascript:alert(1)", "URL"),
        ("slug: github", "slug: google", "twice"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_word(run: Run, tmp_path: Path, old: str, new: str, told: str) -> None:
    done = run("apply", write(tmp_path, FILE.replace(old, new)))

    assert done.returncode == 1
    assert told in done.stderr
    assert "gave-us" not in done.stderr
    assert run("upstreams", "list").stdout.strip() == "None."


@SQLITE
def test_outside_development_an_upstream_uses_https(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, FILE.replace("https://accounts.google.com", "http://accounts.google.com"))

    done = run("apply", file, OIDC_DEVELOPMENT="false", OIDC_PASSWORD_BCRYPT_ROUNDS="12")

    assert (done.returncode, "https" in done.stderr) == (1, True)
