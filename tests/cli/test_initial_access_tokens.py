"""`oidc-server clients initial-access-token`: leave for clients to register themselves."""

import json
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from oidc_server.settings.model import Settings
from tests.actors.applicant import Applicant
from tests.cli.conftest import Run
from tests.conftest import running

CREATE = ("clients", "initial-access-token", "create")


async def test_what_the_command_makes_registers_clients(run: Run, settings: Settings) -> None:
    made = json.loads(run(*CREATE, "--uses", "2", "--expires", "12h", "--json").stdout)
    registration = settings.registration.model_copy(update={"mode": "initial_access_token"})
    async with running(settings.model_copy(update={"registration": registration})) as app:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=settings.issuer) as http:
            applicant = Applicant(http, made["initial_access_token"])
            client = await applicant.register()
            statuses = [(await applicant.ask()).status_code for _ in range(2)]
    listed = {one["client_id"]: one for one in json.loads(run("clients", "list", "--json").stdout)}

    assert statuses == [201, 401]
    assert made["uses"] == 2
    expires_in = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=11) < expires_in < timedelta(hours=13)
    assert listed[client.client_id]["dynamic"] is True
    assert listed["shop"]["dynamic"] is False


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_command_that_cannot_be_meant_is_refused(run: Run) -> None:
    for wrong in ("soon", "0", "-1d", "99999d", "9" * 400 + "d"):
        refused = run(*CREATE, f"--expires={wrong}")
        assert refused.returncode == 1, wrong
        assert "--expires" in refused.stderr
    assert run(*CREATE, "--uses", "0").returncode == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_it_warns_while_nobody_can_register(run: Run) -> None:
    assert "OIDC_REGISTRATION_MODE is off" in run(*CREATE).stderr
    assert run(*CREATE, OIDC_REGISTRATION_MODE="initial_access_token").stderr == ""
