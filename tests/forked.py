"""Processes of `oidc-server`, forked from one that has loaded it already: no test waits for imports.

As a program: for each line of JSON (`arguments`, `environment`, `folder`, the files `stdin`, `stdout` and `stderr`) it forks
a process that runs the command, and answers with its number. The status of each that ended stands in a file of that number.
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from threading import Lock
from typing import Any

from oidc_server.cli.main import app

_LOOK_EVERY_SECONDS = 0.005
_ENDS_WITHIN_SECONDS = 100
#: What a server loads once it needs it.
_LATER = (
    "aiosqlite",
    "alembic.command",
    "asyncpg",
    "httpcore2",
    "passlib.handlers.bcrypt",
    "uvloop",
    "webauthn",
    "zxcvbn",
)
_STREAMS = ("stdin", "stdout", "stderr")


class Process:
    """One command that runs, with what we use of `subprocess.Popen`."""

    def __init__(self, pid: int, statuses: Path) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._told = statuses / str(pid)

    def poll(self) -> int | None:
        """Its exit status, once it has ended."""
        if self.returncode is None and self._told.exists():
            self.returncode = int(self._told.read_text())
            self._told.unlink()
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for its exit status; TimeoutExpired."""
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(["oidc-server"], timeout)
            time.sleep(_LOOK_EVERY_SECONDS)
        return status

    def send_signal(self, number: int) -> None:
        """Tell it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Commands:
    """The process that others are forked from, as whoever needs one sees it."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="oidc-server-commands-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", self._folder.name],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lock = Lock()

    def close(self) -> None:
        """Fork no more."""
        self._process.communicate()
        self._folder.cleanup()

    def run(
        self, arguments: list[str], folder: Path, environment: dict[str, str], stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in this folder; its exit status, and what it wrote."""
        streams = Path(mkdtemp(dir=folder, prefix=".command-"))
        given, out, err = (streams / name for name in _STREAMS)
        given.write_text(stdin)
        status = self.start(arguments, folder, environment, stdin=given, out=out, err=err).wait(_ENDS_WITHIN_SECONDS)
        return subprocess.CompletedProcess(arguments, status, out.read_text(), err.read_text())

    def start(
        self,
        arguments: list[str],
        folder: Path,
        environment: dict[str, str],
        *,
        out: Path,
        err: Path,
        stdin: Path = Path(os.devnull),
    ) -> Process:
        """Start a command in this folder, with these files as its streams."""
        streams = dict(zip(_STREAMS, map(str, (stdin, out, err)), strict=True))
        order = {"arguments": arguments, "environment": environment, "folder": str(folder), **streams}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            pid = int(self._process.stdout.readline())
        return Process(pid, Path(self._folder.name))


@cache
def commands() -> Commands:
    """Those of this test process."""
    made = Commands()
    atexit.register(made.close)
    return made


def _serve(statuses: Path) -> None:
    def reap(*_: object) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            (statuses / f".{pid}").write_text(str(os.waitstatus_to_exitcode(status)))
            (statuses / f".{pid}").rename(statuses / str(pid))

    for name in _LATER:
        import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, reap)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os._exit(_command(json.loads(line)))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _command(order: dict[str, Any]) -> int:
    """Be the process that a shell would have started; its exit status."""
    for number, name in enumerate(_STREAMS):
        flags = os.O_RDONLY if name == "stdin" else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        opened = os.open(order[name], flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w", buffering=1), open(2, "w", buffering=1)  # noqa: SIM115 - they last as long as the process
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    status = 1
    try:
        app(order["arguments"], prog_name="oidc-server")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
