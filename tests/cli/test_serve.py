"""`oidc-server serve`: what it refuses to start with, and how it stops."""

import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import make_url

from oidc_server.cli import demo
from oidc_server.settings.model import Settings
from tests.cli.conftest import Run
from tests.listener import make_certificate
from tests.servers import free_port, serving

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PRODUCTION = {
    "OIDC_DEVELOPMENT": "false",
    "OIDC_ISSUER": "https://id.example.com",
    "OIDC_PASSWORD_BCRYPT_ROUNDS": "12",
}


@SQLITE
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"OIDC_ISSUER": ""}, "OIDC_ISSUER is missing"),
        ({"OIDC_ISSUER": "http://id.example.com"}, "must use https"),
        ({"OIDC_ISSUER": "https://id.example.com/"}, "no slash at its end"),
        ({"OIDC_ISSUER": "https://id.example.com?x=1"}, "no query"),
        ({"OIDC_ISSUER": "id.example.com"}, "must be an https URL"),
        ({"OIDC_PASSWORD_BCRYPT_ROUNDS": "4"}, "for development mode only"),
        ({"OIDC_KEYS_ANNOUNCED_FOR": "1m"}, "OIDC_KEYS_ANNOUNCED_FOR must be at least"),
        ({"OIDC_DATABASE_URL": "mysql://x"}, "expected one of sqlite, postgresql"),
        ({"OIDC_DATABASE_URL": "sqlite://"}, "in memory"),
        ({"OIDC_DATABASE_URL": "nonsense"}, "cannot be read"),
        ({"OIDC_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, "database does not answer"),
        ({"OIDC_DATABASE_URL": "sqlite:////tmp"}, "is a folder: name a file"),
        ({"OIDC_LIFETIME_SESSION": "soon"}, "OIDC_LIFETIME_SESSION: expected a duration such as 90 (seconds), 15m"),
        ({"OIDC_REDIS_URL": "localhost:6379"}, "OIDC_REDIS_URL: expected redis://HOST:PORT/DB"),
        ({"OIDC_BRANDING_LOGO": "/nowhere.svg"}, "OIDC_BRANDING_LOGO names /nowhere.svg, which cannot be read"),
    ],
)
def test_it_refuses_settings_that_cannot_be_right(run: Run, changes: dict[str, str], expected: str) -> None:
    done = run("serve", "--port", str(free_port()), **{**PRODUCTION, **changes})

    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_does_not_know_the_database_or_us_is_told_in_its_words(run: Run, settings: Settings) -> None:
    url = make_url(settings.database.url.get_secret_value())

    no_database = run("serve", "--port", "0", OIDC_DATABASE_URL=url.set(database="nowhere").render_as_string())
    no_user = run("serve", "--port", "0", OIDC_DATABASE_URL=url.set(username="nobody").render_as_string())

    assert 'database "nowhere" does not exist' in no_database.stderr
    assert 'role "nobody" does not exist' in no_user.stderr
    assert [no_database.returncode, no_user.returncode] == [1, 1]
    assert "Traceback" not in no_database.stderr + no_user.stderr


@SQLITE
def test_what_no_worker_could_start_with_is_said_once(run: Run) -> None:
    done = run("serve", "--port", str(free_port()), "--workers", "2", OIDC_BRANDING_LOGOS_DIR="/nowhere")

    assert done.returncode == 1
    assert done.stderr.count("OIDC_BRANDING_LOGOS_DIR names /nowhere, which is no folder") == 1
    assert "Traceback" not in done.stderr


@SQLITE
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--ssl-keyfile", "key.pem"], "--ssl-keyfile needs --ssl-certfile"),
        (["--ssl-certfile", "key.pem"], "key.pem (there is no --ssl-keyfile) hold no certificate with its key"),
        (["--ssl-certfile", "key.pem", "--ssl-keyfile", "key.pem"], "hold no certificate with its key"),
    ],
)
def test_it_refuses_files_that_hold_no_certificate(run: Run, tmp_path: Path, words: list[str], expected: str) -> None:
    (tmp_path / "key.pem").write_text("junk")

    done = run("serve", "--port", str(free_port()), *words)

    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


MTLS_URL = {"OIDC_MTLS_URL": "https://id.example.com:8443"}


#: Python runs this before anything else: a worker says that it is there, and takes longer than uvicorn waits by itself.
SLOW_TO_LOAD = """
import sys, time
if "--multiprocessing-fork" in sys.orig_argv:
    open("workers", "a").write("one\\n")
    time.sleep(6)
"""


@SQLITE
def test_a_worker_that_is_slow_to_load_is_given_its_time(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW_TO_LOAD)
    path = f"{tmp_path}:{Path(__file__).parents[2]}"

    with serving(settings, tmp_path, workers=2, is_forked=False, PYTHONPATH=path) as server:
        assert httpx2.get(f"{server.issuer}/jwks").status_code == 200

    assert (tmp_path / "workers").read_text() == "one\n" * 2  # none was killed for another


@SQLITE
@pytest.mark.parametrize(
    ("words", "changes", "expected"),
    [
        ([], {"OIDC_MTLS_CA_FILE": "certificate.pem"}, "OIDC_MTLS_CA_FILE needs OIDC_MTLS_URL"),
        (["--mtls-port", "1"], MTLS_URL, "--mtls-port needs OIDC_MTLS_CA_FILE"),
        ([], {**MTLS_URL, "OIDC_MTLS_CA_FILE": "certificate.pem"}, "OIDC_MTLS_CA_FILE needs --mtls-port"),
        (
            ["--mtls-port", "1"],
            {**MTLS_URL, "OIDC_MTLS_CA_FILE": "certificate.pem"},
            "--mtls-port needs --ssl-certfile",
        ),
        (
            ["--mtls-port", "1", "--ssl-certfile", "certificate.pem", "--ssl-keyfile", "key.pem"],
            {**MTLS_URL, "OIDC_MTLS_CA_FILE": "key.pem"},
            "holds no certificates",
        ),
        (
            ["--mtls-port", "1", "--ssl-certfile", "certificate.pem", "--ssl-keyfile", "key.pem"],
            {**MTLS_URL, "OIDC_MTLS_CA_FILE": "nowhere.pem"},
            "OIDC_MTLS_CA_FILE names nowhere.pem",
        ),
    ],
)
def test_it_refuses_half_a_port_for_certificates(
    run: Run, tmp_path: Path, words: list[str], changes: dict[str, str], expected: str
) -> None:
    make_certificate(tmp_path, "localhost")

    done = run("serve", "--port", str(free_port()), *words, **{**PRODUCTION, **changes})

    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


@SQLITE
def test_it_refuses_a_master_key_that_others_can_read(run: Run, empty: dict[str, str], tmp_path: Path) -> None:
    run("migrate", **empty)
    (tmp_path / "new-keys" / "master.key").chmod(0o640)

    done = run("serve", "--port", str(free_port()), **PRODUCTION, **empty)

    assert done.returncode == 1
    assert "chmod 600" in done.stderr


@SQLITE
def test_it_refuses_a_sample_secret(run: Run, empty: dict[str, str], tmp_path: Path) -> None:
    run("migrate", **empty)
    (tmp_path / "sample.yaml").write_text(
        f"clients: [{{client_id: x, client_secret: {demo.CLIENT_SECRET}, redirect_uris: ['https://x.example.com/']}}]"
    )
    run("apply", "sample.yaml", **empty)

    done = run("serve", "--port", str(free_port()), **PRODUCTION, **empty)

    assert done.returncode == 1
    assert "sample secret" in done.stderr


@SQLITE
def test_it_refuses_a_database_of_an_older_release_and_says_what_to_do(run: Run, empty: dict[str, str]) -> None:
    run("migrate", **{**empty, "OIDC_DATABASE_URL": empty["OIDC_DATABASE_URL"] + ".other"})

    done = run("serve", "--port", str(free_port()), **PRODUCTION, **empty)

    assert done.returncode == 1
    assert "run `oidc-server migrate`" in done.stderr


@SQLITE
def test_it_says_when_the_port_is_taken(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("serve", "--port", str(taken.getsockname()[1]))

    assert done.returncode == 1
    assert "Cannot listen" in done.stderr


def test_it_finishes_what_it_has_begun_and_stops(settings: Settings, tmp_path: Path) -> None:
    body = b"grant_type=client_credentials"
    head = f"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    with serving(settings, tmp_path) as server:
        port = int(server.issuer.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(head.encode() + body[:5])
            httpx2.get(f"{server.issuer}/health/live")  # by now the request has begun
            server.process.terminate()
            time.sleep(0.3)
            connection.sendall(body[5:])
            answer = connection.recv(4096)
        server.process.wait(timeout=10)

    assert answer.startswith(b"HTTP/1.1 401"), answer
    assert '"event":"stopped"' in server.log.read_text()


@SQLITE
def test_a_development_server_has_all_it_needs_from_nothing(
    settings: Settings, empty: dict[str, Any], tmp_path: Path
) -> None:
    with serving(settings, tmp_path, is_forked=False, **empty) as server:
        said = server.log.read_text()
        assert httpx2.get(f"{server.issuer}/playground").status_code == 200
        assert httpx2.get(f"{server.issuer}/docs").status_code == 200
        link = next(word for word in said.split() if "/first-administrator?token=" in word)
        assert httpx2.get(link).status_code == 200
        answer = httpx2.post(
            f"{server.issuer}/token",
            data={"grant_type": "client_credentials"},
            auth=(demo.CLIENT_ID, demo.CLIENT_SECRET),
        )
        assert answer.status_code == 200
    for shown in (demo.USERNAME, demo.PASSWORD, demo.CLIENT_ID, "/playground", "/.well-known/openid-configuration"):
        assert shown in said


@SQLITE
def test_it_serves_https_itself(settings: Settings, tmp_path: Path) -> None:
    request = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 1 -subj /CN=localhost"
    command = [*request.split(), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    certificate, port = tmp_path / "cert.pem", free_port()
    with serving(
        settings, tmp_path, port=port, certificate=certificate, OIDC_ISSUER=f"https://localhost:{port}"
    ) as server:
        context = ssl.create_default_context(cafile=certificate)
        metadata = httpx2.get(f"{server.issuer}/.well-known/openid-configuration", verify=context)

    assert metadata.json()["issuer"] == server.issuer
