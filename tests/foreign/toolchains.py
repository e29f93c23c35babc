"""What builds the programs in other languages, from Debian where a fresh machine lacks it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

#: Each command, and Debian's package of it.
_PACKAGES = {
    "node": "nodejs",
    "npm": "npm",
    "go": "golang-go",
    "javac": "default-jdk-headless",
    "mvn": "maven",
}
_APT = ("apt-get", "-q", "-y")
_INSTALLS_WITHIN_SECONDS = 900

#: What go.mod asks for at least, and what is fetched where the machine's own is older.
_GO_NEEDED = (1, 25)
_GO_FETCHED = "1.25.11"


def lacking(*commands: str) -> list[str]:
    """Those of these commands that this machine does not have."""
    return [command for command in commands if shutil.which(command) is None]


def may_be_lacking() -> bool:
    """Whether that is nobody's fault: on somebody's own machine, never in CI."""
    return "CI" not in os.environ


def install() -> None:
    """Install what is missing, where we may."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    for command, package in _PACKAGES.items():
        if lacking(command):  # looked at one by one: some packages bring two of the commands
            _install(package)


def environment() -> dict[str, str]:
    """The environment of a build: its `go` is new enough."""
    version = _go("env", "GOVERSION").removeprefix("go")
    if tuple(int(number) for number in version.split(".")[:2]) >= _GO_NEEDED:
        return dict(os.environ)
    root = _newer_go()
    return {**os.environ, "GOROOT": str(root), "PATH": f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def _install(package: str) -> None:
    sys.stdout.write(f"Installing {package} for the tests ...\n")
    values = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--no-install-recommends", package]):
        subprocess.run(
            [*_APT, *words], env=values, check=True, stdout=subprocess.DEVNULL, timeout=_INSTALLS_WITHIN_SECONDS
        )


def _newer_go() -> Path:
    """A newer Go, which the machine's own fetches, and checks, as it would any module."""
    module = f"golang.org/toolchain@v0.0.1-go{_GO_FETCHED}.{_go('env', 'GOHOSTOS')}-{_go('env', 'GOHOSTARCH')}"
    root = Path(json.loads(_go("mod", "download", "-json", module))["Dir"])
    for program in [*root.glob("bin/*"), *root.glob("pkg/tool/*/*")]:
        program.chmod(0o755)  # modules have no executable files
    return root


def _go(*words: str) -> str:
    with TemporaryDirectory() as nowhere:  # no go.mod has a say
        done = subprocess.run(
            ["go", *words], cwd=nowhere, check=True, stdout=subprocess.PIPE, text=True, timeout=_INSTALLS_WITHIN_SECONDS
        )
    return done.stdout.strip()
