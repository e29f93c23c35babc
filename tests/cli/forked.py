"""Commands in processes of their own, forked from one that has loaded `oidc-server` already: no test waits for imports.

As a program: for each line of JSON (`arguments`, `environment`, `folder`) it forks, runs the command on `stdin`, `stdout` and
`stderr` of that folder, and answers with the exit status.
"""

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Any

from oidc_server.cli.main import app

_STREAMS = ("stdin", "stdout", "stderr")


class Commands:
    """The process that commands are forked from, as whoever needs one sees it."""

    def __enter__(self) -> "Commands":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.forked"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(
        self, arguments: tuple[str, ...], folder: Path, environment: dict[str, str], stdin: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command in this folder; what it wrote, and its exit status."""
        streams = Path(mkdtemp(dir=folder, prefix=".command-"))
        (streams / "stdin").write_text(stdin)
        order = {"arguments": arguments, "environment": environment, "folder": str(folder), "streams": str(streams)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        out, err = ((streams / name).read_text() for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(arguments, status, out, err)


def _serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(_command(json.loads(line)))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _command(order: dict[str, Any]) -> int:
    """Be the process that a shell would have started; its exit status."""
    for number, name in enumerate(_STREAMS):
        flags = os.O_RDONLY if name == "stdin" else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(f"{order['streams']}/{name}", flags, 0o600), number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 - they last as long as the process
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
    _serve()
