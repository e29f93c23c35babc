"""Who talks to the API in its tests."""

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts.factor_deeds import give_authenticator
from tests.actors.phone import Phone
from tests.api.test_api import App


@pytest.fixture
def ours(http: httpx2.AsyncClient) -> App:
    """An app that talks to this server."""
    return App(http)


@pytest.fixture
async def phone(house: House, held_clock: HeldClock) -> Phone:
    """Alice's phone."""
    return await give_authenticator(house)
