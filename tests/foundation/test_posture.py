"""The posture: what an operator has relaxed stands in the log at every start."""

import json

import pytest

from oidc_server.foundation import posture
from oidc_server.settings import Settings
from tests.conftest import Template, make_settings, running


def test_by_default_nothing_is_relaxed() -> None:
    assert posture.relaxed(Settings(_env_file=None)) == []


@pytest.mark.parametrize("mode", ["open", "initial_access_token"])
def test_registration_is_named(mode: str) -> None:
    settings = Settings(_env_file=None, registration={"mode": mode})

    assert posture.relaxed(settings) == ["OIDC_REGISTRATION_MODE"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_it_stands_in_the_log_at_start(
    database_url: str, template: Template, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(make_settings(database_url, template.keys, registration={"mode": "open"})):
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]

    assert [line["relaxed"] for line in lines if line["event"] == "posture"] == [["OIDC_REGISTRATION_MODE"]]
