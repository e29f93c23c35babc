"""Programs in other languages: how each is built, and how a test talks with one that runs.

A program writes `{"visit": URL}` or `{"enter": USER_CODE}`, one JSON document a line, and reads what became of it; its last
line is `{"result": ...}`.
"""

import asyncio
import hashlib
import json
import os
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.foreign import toolchains

_HERE = Path(__file__).parent
_BUILDS_WITHIN_SECONDS = 600
_RUNS_WITHIN_SECONDS = 60

Json = dict[str, Any]
Play = Callable[[Json], Awaitable[Json]]


@dataclass(frozen=True)
class Program:
    """A relying party in a language of its own."""

    language: str
    #: The commands that build and run it.
    needs: tuple[str, ...]
    #: The one command that fetches what it needs and compiles it.
    build: tuple[str, ...]
    command: tuple[str, ...]
    #: What it is built from, and what comes of it.
    sources: tuple[str, ...]
    makes: str

    @property
    def folder(self) -> Path:
        """Where it is."""
        return _HERE / self.language

    def make(self) -> None:
        """Build it, unless that is done and nothing has changed since."""
        stamp, made = self.folder / ".built", self._fingerprint()
        if (self.folder / self.makes).exists() and stamp.exists() and stamp.read_text() == made:
            return
        done = subprocess.run(
            self.build,
            cwd=self.folder,
            env=toolchains.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_BUILDS_WITHIN_SECONDS,
        )
        assert done.returncode == 0, f"{' '.join(self.build)}:\n{done.stdout[-4000:]}"
        stamp.write_text(made)

    async def run(self, flow: str, settings: Json, play: Play) -> Json:
        """What it says in the end of this flow; `play` does what it asks a person to do."""
        process = await asyncio.create_subprocess_exec(
            *self.command,
            flow,
            cwd=self.folder,
            env={**os.environ, "RELYING_PARTY": json.dumps(settings)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            return await asyncio.wait_for(_converse(process, play), _RUNS_WITHIN_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    def _fingerprint(self) -> str:
        paths = sorted(path for pattern in self.sources for path in self.folder.glob(pattern))
        return hashlib.sha256(
            b"\0".join([repr(self.build).encode(), *(path.read_bytes() for path in paths)])
        ).hexdigest()


PROGRAMS = (
    Program(
        "node",
        ("node", "npm"),
        ("npm", "ci", "--no-audit", "--no-fund"),
        ("node", "relying_party.mjs"),
        ("package*.json",),
        "node_modules",
    ),
    Program(
        "go",
        ("go",),
        ("go", "build", "-buildvcs=false", "-o", "relying_party", "."),
        ("./relying_party",),
        ("*.go", "go.*"),
        "relying_party",
    ),
    Program(
        "java",
        ("java", "javac", "mvn"),
        ("mvn", "--quiet", "--batch-mode", "clean", "compile", "dependency:copy-dependencies"),
        (
            "java",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            "target/classes:target/dependency/*",
            "RelyingParty",
        ),
        ("pom.xml", "src/main/java/*.java"),
        "target",
    ),
)


async def _converse(process: asyncio.subprocess.Process, play: Play) -> Json:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    while line := await process.stdout.readline():
        said: Json = json.loads(line)
        if "result" in said:
            result: Json = said["result"]
            return result
        process.stdin.write(json.dumps(await play(said)).encode() + b"\n")
        await process.stdin.drain()
    raise AssertionError((await process.stderr.read()).decode()[-4000:])
