"""The pages of projects in a real browser: they fit, can be read, and work with the keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from oidc_server.settings.model import Settings
from tests.browser.accessible import SEEN
from tests.browser.test_pages import is_well_made, sign_in
from tests.servers import Server, installation, serving

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def server(template: object, settings: Settings, tmp_path: Path) -> Iterator[Server]:
    """A development server on which everybody may make projects."""
    new: dict[str, Any] = {
        **installation(tmp_path),
        "OIDC_PROJECTS_CREATED_BY": "everybody",
    }
    with serving(settings, tmp_path, **new) as server:
        yield server


@pytest.mark.parametrize(("width", "scheme"), SEEN)
async def test_a_client_is_registered_on_pages_that_fit(
    server: Server, chrome: Browser, scheme: str, width: int, tmp_path: Path
) -> None:
    context = await chrome.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = await context.new_page()

    async def look(name: str) -> None:
        await is_well_made(page)
        await page.screenshot(path=tmp_path / f"{name}-{scheme}-{width}.png", full_page=True)

    await page.goto(f"{server.issuer}/account/projects")
    await sign_in(page)
    await page.locator("#name").fill("Pocket weather, with a name that is rather long for a narrow phone")
    await look("projects")
    await page.keyboard.press("Enter")
    await expect(page.locator("#new-client")).to_be_visible()
    await look("new-project")
    await page.locator("#new-client").click()
    await page.locator("#client_name").fill("Weather")
    await look("form")
    await page.locator("#redirect_uris").fill("not-an-address")
    await page.locator("#submit").click()
    await expect(page.locator("#problem")).to_be_visible()
    await look("refused")
    await page.locator("#redirect_uris").fill(
        "https://weather.example.com/a-rather-long/path/for/a/callback\nhttps://two.example/cb"
    )
    await page.locator("#submit").click()
    await expect(page.locator("#secret")).to_be_visible()
    await look("client")
    await page.get_by_role("link", name="Back").click()
    await page.locator("summary", has_text="Rename").click()
    await look("project")
    await context.close()


async def test_the_keyboard_is_enough(server: Server, page: Page, complaints: list[str]) -> None:
    await page.goto(f"{server.issuer}/account/projects")
    await sign_in(page)
    await page.locator("#name").fill("Weather")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Weather")
    await page.locator("#user").fill("nobody")
    await page.keyboard.press("Enter")

    await expect(page.locator("#problem")).to_contain_text("Nobody here")
    assert [one for one in complaints if "404" not in one] == []
