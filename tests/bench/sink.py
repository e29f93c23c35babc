"""A real SMTP server in a process of its own, which takes every mail and keeps none."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_connection

from tests.servers import free_port

_STARTS_WITHIN_SECONDS = 30


@contextmanager
def swallowing() -> Iterator[str]:
    """The server's URL."""
    port = free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"smtp://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline:
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("The SMTP server did not start.")
