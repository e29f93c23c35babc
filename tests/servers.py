"""A real server: the command line's own process, on a real port, with as many workers as a test wants."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from oidc_server.settings.model import Settings
from tests.forked import Process, commands

_STARTS_WITHIN_SECONDS = 90


@dataclass
class Server:
    """A server that runs, and what it wrote."""

    issuer: str
    process: Process | subprocess.Popen[bytes]
    log: Path

    def stop(self) -> int:
        """Tell it to stop, as a supervisor would, and wait; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def environment(settings: Settings, **others: str) -> dict[str, str]:
    """The environment that makes a process of ours have these settings."""
    values = {
        "OIDC_ISSUER": settings.issuer,
        "OIDC_DEVELOPMENT": str(settings.development).lower(),
        "OIDC_DATABASE_URL": settings.database.url.get_secret_value(),
        "OIDC_KEYS_DIR": str(settings.keys.dir),
        "OIDC_PASSWORD_BCRYPT_ROUNDS": str(settings.password.bcrypt_rounds),
        "OIDC_LOG_LEVEL": settings.log.level,
        "OIDC_LOG_FORMAT": "json",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OIDC_")}
    return {**inherited, "PYTHONPATH": str(Path(__file__).parents[1]), **values, **others}


def installation(folder: Path) -> dict[str, Any]:
    """The environment of a new installation of one's own: migrated, and nobody has been there yet."""
    shutil.copytree(_migrated().name, folder, dirs_exist_ok=True)
    return _at(folder)


def _at(folder: Path) -> dict[str, str]:
    return {"OIDC_DATABASE_URL": f"sqlite:///{folder}/oidc.db", "OIDC_KEYS_DIR": str(folder / "keys")}


@cache
def _migrated() -> TemporaryDirectory[str]:
    """What others are copies of, made once."""
    folder = TemporaryDirectory(prefix="oidc-server-installation-")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OIDC_")}
    place = Path(folder.name)
    commands().run(["migrate"], place, {**inherited, **_at(place)}).check_returncode()
    return folder


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    settings: Settings,
    folder: Path,
    *,
    workers: int = 1,
    port: int | None = None,
    certificate: Path | None = None,
    mtls_port: int | None = None,
    address: str | None = None,
    is_forked: bool = True,
    **others: str,
) -> Iterator[Server]:
    """A server with these settings, on localhost at a port of its own, which is its issuer unless another is named.

    With a certificate it is on https; an issuer at another `address` is one that only a test's own browser finds. One that
    is not forked has loaded everything itself, as at a shell.
    """
    port = port or free_port()
    issuer = others.pop("OIDC_ISSUER", f"http://localhost:{port}")
    log = folder / f"server-{port}.log"
    command = ["serve", "--port", str(port), "--workers", str(workers)]
    if certificate is not None:
        command += ["--ssl-certfile", str(certificate), "--ssl-keyfile", str(certificate.with_name("key.pem"))]
    if mtls_port is not None:
        command += ["--mtls-port", str(mtls_port)]
    values = environment(settings, OIDC_ISSUER=issuer, **others)
    server = Server(issuer, (_forked if is_forked else _started)(command, folder, values, log), log)
    try:
        _wait_for(
            address or issuer, server, verify=ssl.create_default_context(cafile=certificate) if certificate else True
        )
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def _forked(command: list[str], folder: Path, environment: dict[str, str], log: Path) -> Process:
    return commands().start(command, folder, environment, out=log, err=log)


def _started(command: list[str], folder: Path, environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    whole = [sys.executable, "-m", "oidc_server.cli.main", *command]
    with log.open("wb") as out:
        return subprocess.Popen(whole, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT)


def _wait_for(address: str, server: Server, verify: ssl.SSLContext | bool) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            if httpx2.get(f"{address}/health/ready", timeout=2, verify=verify).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"The server did not start:\n{server.log.read_text()[-3000:]}")
