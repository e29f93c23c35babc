"""Another provider: our own software under another issuer, with other keys."""

import asyncio
from pathlib import Path

import httpx2

from oidc_server.cli import migrate
from oidc_server.house import opened
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import make_settings, running

ISSUER = "https://upstream.example.net"


def issue(folder: Path) -> str:
    """An ID token that this other provider has issued to its own client `shop`."""
    settings = make_settings(f"sqlite:///{folder}/upstream.db", folder / "keys", issuer=ISSUER)
    migrate.prepare(settings)
    return asyncio.run(_issue(settings))


async def _issue(settings: Settings) -> str:
    async with opened(settings) as house:
        await house.database.run(factories.furnish, house, factories.usual())
    async with running(settings) as app:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
            party = RelyingParty(http, "shop")
            person = Person(Browser.within(app, ISSUER, "203.0.113.99"))
            tokens = await party.redeem((await person.approve(party)).code)
            await person.browser.close()
            return tokens.id_token
