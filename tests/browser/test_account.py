"""A person's own pages in a real browser: they fit, can be read, and work with the keyboard."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.accessible import SEEN
from tests.browser.test_pages import is_well_made, sign_in
from tests.pictures import written
from tests.servers import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PAGES = (
    "account",
    "account/profile",
    "account/picture",
    "account/sessions",
    "account/apps",
    "account/history",
    "account/data",
    "account/delete",
)


@pytest.mark.parametrize(("width", "scheme"), SEEN)
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


async def test_a_picture_is_uploaded_and_seen_and_one_that_is_too_large_is_refused_with_words(
    server: Server, page: Page, tmp_path: Path, complaints: list[str]
) -> None:
    (tmp_path / "me.jpg").write_bytes(written("JPEG", size=(1200, 800), noisy=True))
    (tmp_path / "large.jpg").write_bytes(written("JPEG") + b"x" * 2_100_000)
    await page.goto(f"{server.issuer}/account/picture")
    await sign_in(page)

    await page.locator("#picture").set_input_files(tmp_path / "me.jpg")
    await page.locator("#submit").click()

    await expect(page.get_by_role("status")).to_contain_text("Saved")
    assert await page.locator("img.portrait").evaluate("image => image.naturalWidth") == 256
    for width in (320, 1200):
        for scheme in ("light", "dark"):
            await page.set_viewport_size({"width": width, "height": 800})
            await page.emulate_media(color_scheme=scheme)
            await page.reload()
            await is_well_made(page)
            await page.screenshot(path=tmp_path / f"picture-{scheme}-{width}.png", full_page=True)
    assert complaints == []

    await page.locator("#picture").set_input_files(tmp_path / "large.jpg")
    await page.locator("#submit").click()
    await expect(page.locator("#problem")).to_contain_text("at most 2 MB")
