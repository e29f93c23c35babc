"""A person's own pages in a real browser: they fit, can be read, and work with the keyboard."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.test_pages import is_well_made, sign_in
from tests.servers import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PAGES = (
    "account",
    "account/profile",
    "account/sessions",
    "account/apps",
    "account/history",
    "account/data",
    "account/delete",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
async def test_a_persons_own_pages_fit_and_can_be_read(
    server: Server, chrome: Browser, scheme: str, width: int, tmp_path: Path
) -> None:
    context = await chrome.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(f"{server.issuer}/login")
    await sign_in(page)
    for name in PAGES:
        await page.goto(f"{server.issuer}/{name}")
        await is_well_made(page)
        await page.screenshot(path=tmp_path / f"{name.replace('/', '-')}-{scheme}-{width}.png", full_page=True)
    await context.close()


async def test_a_profile_is_saved_with_the_keyboard(server: Server, page: Page, complaints: list[str]) -> None:
    await page.goto(f"{server.issuer}/account/profile")
    await sign_in(page)
    await page.locator("#nickname").fill("Al")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("status")).to_contain_text("Saved")
    await expect(page.locator("#nickname")).to_have_value("Al")
    assert complaints == []
