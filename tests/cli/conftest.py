"""What tests of the command line ask for."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from oidc_server.settings.model import Settings
from tests.forked import commands
from tests.servers import environment

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Run:
    """Runs `oidc-server` as an operator does: a process of its own."""

    def call(*arguments: str, stdin: str = "", **others: str) -> subprocess.CompletedProcess[str]:
        told = {**environment(settings, COLUMNS="200", NO_COLOR="1"), **others}
        return commands().run([*arguments], tmp_path, told, stdin)

    return call


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """The environment of a new installation: no database, no keys."""
    assert os.name == "posix"
    return {"OIDC_DATABASE_URL": f"sqlite:///{tmp_path}/new.db", "OIDC_KEYS_DIR": str(tmp_path / "new-keys")}
