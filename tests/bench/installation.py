"""An installation: a database on a real PostgreSQL, furnished by the command line, and the real server over it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import yaml

from tests.bench import parties
from tests.bench.wire import HOST
from tests.postgres import Postgres

DISCOVERY = "/.well-known/openid-configuration"

_REPOSITORY = Path(__file__).parents[2]
_COMMAND = (sys.executable, "-m", "oidc_server.cli.main")
_STARTS_WITHIN_SECONDS = 60
_LOOK_EVERY_SECONDS = 0.002


class Failed(Exception):
    """A command of ours, or the server, did not do what it should."""


@dataclass(frozen=True)
class Server:
    """One worker that runs."""

    port: int
    process: subprocess.Popen[bytes]
    started_in: float
    """Seconds from its start to its first answer."""


class Installation:
    """A folder with keys and a log, and a database."""

    def __init__(self, postgres: Postgres, folder: Path, *, development: bool) -> None:
        self._folder = folder
        self._development = development
        self._url = postgres.url(postgres.create())
        self._socket_folder = self._url.partition("?host=")[2]
        folder.mkdir()

    @property
    def socket_folder(self) -> Path:
        """Where the database's socket is."""
        return Path(self._socket_folder)

    def furnish(self) -> None:
        """Migrate, and make the clients, people and API."""
        file = self._folder / "bench.yaml"
        file.write_text(yaml.safe_dump(parties.document()))
        for arguments in (("migrate",), ("apply", str(file))):
            done = subprocess.run(
                [*_COMMAND, *arguments], cwd=self._folder, env=self._environment(0), capture_output=True, check=False
            )
            if done.returncode:
                raise Failed(f"oidc-server {arguments[0]}:\n{(done.stdout + done.stderr).decode()}")

    @contextmanager
    def serving(self, port: int, relay_folder: Path | None = None) -> Iterator[Server]:
        """The server with one worker, over the database itself or over a relay's socket."""
        command = [*_COMMAND, "serve", "--host", HOST, "--port", str(port)]
        environment = self._environment(port)
        if relay_folder is not None:
            url = environment["OIDC_DATABASE_URL"]
            environment["OIDC_DATABASE_URL"] = url.replace(self._socket_folder, str(relay_folder))
        log = self._folder / "server.log"
        with log.open("ab") as out:
            started_at = time.perf_counter()
            process = subprocess.Popen(command, cwd=self._folder, env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            _wait(process, port, log)
            yield Server(port, process, time.perf_counter() - started_at)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)

    def _environment(self, port: int) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OIDC_", "PYTHON"))}
        own = {
            "OIDC_ISSUER": f"http://localhost:{port}" if self._development else "https://id.example.com",
            "OIDC_DEVELOPMENT": str(self._development).lower(),
            "OIDC_DATABASE_URL": self._url,
            "OIDC_KEYS_DIR": str(self._folder / "keys"),
            "OIDC_LOG_LEVEL": "INFO",
            "OIDC_LOG_FORMAT": "json",
            # Codes are prepared in advance; how long they would live costs nothing.
            "OIDC_LIFETIME_AUTHORIZATION_CODE": "1h",
            "OIDC_LIFETIME_ACCESS_TOKEN": "1h",
            "PYTHONPATH": str(_REPOSITORY),
        }
        if self._development:
            own["OIDC_PASSWORD_BCRYPT_ROUNDS"] = "4"
        return {**inherited, **own}


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait for the first answer."""
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(port):
            return
        time.sleep(_LOOK_EVERY_SECONDS)
    raise Failed(f"The server did not start:\n{log.read_text()[-3000:]}")


def _answers(port: int) -> bool:
    connection = HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", DISCOVERY)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
