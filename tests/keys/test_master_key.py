"""The master key: replaced by a newer version beside the old one, and never done without."""

import shutil
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from oidc_server.foundation import sealing
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.sealing import FILE_NAME
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.conftest import Template, make_settings, running


@pytest.fixture
def folder(template: Template, tmp_path: Path) -> Path:
    """A copy of the keys folder, to do with as we like."""
    return Path(shutil.copytree(template.keys, tmp_path / "keys"))


@pytest.fixture
def settings(database_url: str, folder: Path) -> Settings:
    """A server with that folder."""
    return make_settings(database_url, folder)


def add_version(folder: Path) -> str:
    """Put a second version beside the first, as an operator would; the new line."""
    line = f"2 {b64encode(b'n' * 32).decode()}\n"
    with (folder / FILE_NAME).open("a") as file:
        file.write(line)
    return line


@asynccontextmanager
async def shop(settings: Settings) -> AsyncIterator[tuple[RelyingParty, Browser]]:
    """A server with these settings, the shop, and a browser."""
    async with running(settings) as app:
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url=settings.issuer) as http:
            browser = Browser.within(app, settings.issuer, "203.0.113.7")
            yield RelyingParty(http, "shop"), browser
            await browser.close()


async def test_after_a_second_version_everything_goes_on(settings: Settings, folder: Path) -> None:
    async with shop(settings) as (party, browser):
        tokens: Tokens = await party.redeem((await Person(browser).approve(party)).code)
        unspent = (await Person(browser).approve(party)).code
        cookies, verifier = browser.http.cookies, party.verifier
    add_version(folder)

    async with shop(settings) as (party, browser):
        browser.http.cookies, party.verifier = cookies, verifier
        fresh = await party.refresh(tokens.refresh_token)
        page = await browser.open(party.authorization_url())

        assert (await party.userinfo(tokens.access_token)).status_code == 200
        assert (await party.redeem(unspent)).status == 200
        assert fresh.status == 200
        assert party.answer(page).code  # still signed in


async def test_without_the_version_that_sealed_the_keys_the_server_does_not_start(
    settings: Settings, folder: Path
) -> None:
    (folder / FILE_NAME).write_text(add_version(folder))

    house = House(settings)
    with pytest.raises(Misconfigured, match="another master key"):
        await house.check()
    await house.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_key_that_others_can_read_stops_a_server_that_is_not_in_development(
    settings: Settings, folder: Path
) -> None:
    (folder / FILE_NAME).chmod(0o644)
    production = make_settings(
        settings.database.url.get_secret_value(), folder, development=False, password={"bcrypt_rounds": 10}
    )

    await House(settings).close()  # development looks away
    with pytest.raises(Misconfigured, match="chmod 600"):
        House(production)
    (folder / FILE_NAME).chmod(0o600)
    await House(production).close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_damaged_key_stops_every_server(settings: Settings, folder: Path) -> None:
    (folder / FILE_NAME).write_text("1 damaged\n")

    with pytest.raises(Misconfigured, match="damaged"):
        House(settings)
    assert sealing.exists(folder)
