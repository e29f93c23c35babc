"""Back-channel logout by real processes: killed in the middle, and several at once."""

import asyncio
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from oidc_server.house import opened
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors import relying_party as parties
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.listener import Listener, answer, hang, listening
from tests.oauth import deeds
from tests.servers import free_port, serving

IMPATIENT: dict[str, Any] = {
    "OIDC_OUTBOUND_ALLOW": "127.0.0.0/8",
    "OIDC_OUTBOUND_TIMEOUT": "3s",
    "OIDC_DATABASE_TIMEOUT": "4s",
}


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """The settings with which a test itself reaches the database."""
    return make_settings(database_url, template.keys)


async def register(settings: Settings, server: Listener) -> None:
    async with opened(settings) as house:
        uri = server.url("/logout", host="127.0.0.1")
        client = factories.client("hearing", backchannel_logout_uri=uri, skip_consent=True)
        await factories.add_client(house, **client)


async def sign_in(issuer: str, stack: AsyncExitStack) -> Person:
    """Somebody who signed in with the client."""
    person = Person(Browser(issuer))
    stack.push_async_callback(person.browser.close)
    http = await stack.enter_async_context(httpx2.AsyncClient(base_url=issuer))
    party = RelyingParty(http, "hearing")
    await party.redeem((await person.approve(party)).code)
    return person


def sessions_told(server: Listener) -> list[str]:
    return [parties.claims(one.form["logout_token"])["sid"] for one in server.received]


async def test_a_server_killed_in_the_middle_loses_nothing(settings: Settings, tmp_path: Path) -> None:
    port = free_port()
    async with listening(hang) as rp, AsyncExitStack() as stack:
        await register(settings, rp)
        with serving(settings, tmp_path, port=port, **IMPATIENT) as server:
            person = await sign_in(server.issuer, stack)
            await person.sign_out()
            await rp.until(1, within_seconds=30)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait(timeout=10)

        rp.do = answer(200)
        with serving(settings, tmp_path, port=port, **IMPATIENT):
            await rp.until(2, within_seconds=60)

    assert len(set(sessions_told(rp))) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_several_workers_tell_each_client_once_and_soon(settings: Settings, tmp_path: Path) -> None:
    async with listening() as rp, AsyncExitStack() as stack:
        await register(settings, rp)
        with serving(settings, tmp_path, workers=2, **IMPATIENT) as server:
            for _ in range(4):
                await sign_in(server.issuer, stack)
            async with opened(settings) as at_a_command_line:
                await deeds.disable_user(at_a_command_line, "alice")
            await rp.until(4, within_seconds=30)
            await asyncio.sleep(2)

    assert len(set(sessions_told(rp))) == len(rp.received) == 4
