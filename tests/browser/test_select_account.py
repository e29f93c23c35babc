"""The account chooser in a real browser: it fits, can be read, works with the keyboard and without JavaScript."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from oidc_server.cli import demo
from oidc_server.house import opened
from tests import factories
from tests.browser.accessible import SEEN
from tests.browser.test_pages import authorization_url, is_well_made
from tests.conftest import make_settings
from tests.servers import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def family(server: Server, tmp_path: Path) -> tuple[tuple[str, str], ...]:
    """Two people who share a computer, with their passwords."""
    async with opened(make_settings(f"sqlite:///{tmp_path}/oidc.db", tmp_path / "keys")) as house:
        await factories.add_user(
            house, **factories.user("grandmother", name="Grandmother Wilhelmina Featherstonehaugh")
        )
    return (demo.USERNAME, demo.PASSWORD), ("grandmother", factories.PASSWORD)


async def everybody_signs_in(server: Server, page: Page, family: tuple[tuple[str, str], ...]) -> None:
    """One after the other, on one browser."""
    for username, password in family:
        await page.goto(f"{server.issuer}/login")
        await page.locator("[name=username]").fill(username)
        await page.locator("[name=password]").fill(password)
        await page.locator("#submit").click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("You are signed in")


@pytest.mark.parametrize(("width", "scheme"), SEEN)
async def test_its_pages_fit_and_can_be_read(
    server: Server, chrome: Browser, family: tuple[tuple[str, str], ...], scheme: str, width: int, tmp_path: Path
) -> None:
    context = await chrome.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = await context.new_page()
    await everybody_signs_in(server, page, family)
    addresses = {
        "home": server.issuer,
        "chooser": authorization_url(server, prompt="select_account"),
        "popup": authorization_url(server, prompt="select_account", display="popup"),
        "logout": f"{server.issuer}/logout",
    }
    for name, address in addresses.items():
        await page.goto(address)
        await is_well_made(page)
        await page.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)
    await page.locator("#submit").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("signed out")
    await is_well_made(page)
    await page.screenshot(path=tmp_path / f"signed-out-{scheme}-{width}.png", full_page=True)
    await context.close()


async def test_the_keyboard_is_enough_to_choose(
    server: Server, page: Page, family: tuple[tuple[str, str], ...], complaints: list[str]
) -> None:
    await everybody_signs_in(server, page, family)
    await page.goto(f"{server.issuer}/select-account")
    choice = page.get_by_role("button", name=demo.USERNAME)
    await expect(page.get_by_role("listitem")).to_have_count(2)
    for _ in range(3):
        await page.keyboard.press("Tab")
    await expect(choice).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.locator(".account")).to_contain_text(demo.USERNAME)
    assert complaints == []


async def test_it_works_without_javascript(
    server: Server, chrome: Browser, family: tuple[tuple[str, str], ...]
) -> None:
    context = await chrome.new_context(java_script_enabled=False)
    page = await context.new_page()
    await everybody_signs_in(server, page, family)

    await page.goto(authorization_url(server, prompt="select_account"))
    await page.get_by_role("link", name="Sign out Grandmother").click()
    await page.locator("#submit").click()
    await expect(page.get_by_role("listitem")).to_have_count(1)
    await page.get_by_role("button", name=demo.USERNAME).click()

    await page.locator("#allow").click()
    await page.wait_for_url(f"{server.issuer}/playground?code=*", wait_until="commit")
    await context.close()
