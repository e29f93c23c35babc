"""Clients with real servers on loopback that want to hear of logouts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.listener import Answering, Listener, listening
from tests.oauth import deeds

PATH = "/backchannel?of=rp"


class Hearing(RelyingParty):
    """A client with a server that is told of logouts."""

    def __init__(self, http: httpx2.AsyncClient, client_id: str, server: Listener) -> None:
        super().__init__(http, client_id)
        self.server = server

    @property
    def heard(self) -> list[str]:
        """The logout tokens that arrived."""
        return [one.form["logout_token"] for one in self.server.received]


Make = Callable[..., Awaitable[Hearing]]


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server that may call loopback, and loses patience early."""
    return make_settings(database_url, template.keys, outbound={"allow": "127.0.0.0/8", "timeout": "1s"})


@pytest.fixture
async def hearing(house: House, http: httpx2.AsyncClient) -> AsyncIterator[Make]:
    """Makes clients that hear of logouts."""
    async with AsyncExitStack() as stack:

        async def make(client_id: str = "hearing", do: Answering | None = None, **members: Any) -> Hearing:
            server = await stack.enter_async_context(listening(do))
            uri = server.url(PATH, host="127.0.0.1")
            await factories.add_client(house, **factories.client(client_id, backchannel_logout_uri=uri, **members))
            await deeds.notice(house)
            return Hearing(http, client_id, server)

        yield make


async def deliver(house: House) -> None:
    """Send what is due now, and wait for it."""
    for _ in range(5):  # the server's own job may be just about to take it up
        await house.deliveries.work()
        await house.deliveries.finish()
        await asyncio.sleep(0.01)
