"""Connecting a device as people do it: with a real browser, without JavaScript, on a phone, in the dark."""

import httpx2
import pytest
from playwright.async_api import Browser, Page, expect

from oidc_server.cli import demo
from tests.browser import test_pages
from tests.browser.accessible import SEEN
from tests.servers import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def begin(server: Server) -> dict[str, str]:
    """What a device is told."""
    asked = {"client_id": demo.DEVICE_CLIENT_ID, "scope": "openid profile offline_access orders.read"}
    async with httpx2.AsyncClient(base_url=server.issuer) as http:
        begun: dict[str, str] = (await http.post("/device_authorization", data=asked)).json()
    return begun


async def test_a_device_is_connected_without_javascript(server: Server, chrome: Browser) -> None:
    context = await chrome.new_context(java_script_enabled=False)
    page = await context.new_page()
    begun = await begin(server)

    await page.goto(begun["verification_uri"])
    await page.locator("#user_code").fill(begun["user_code"].lower())
    await page.locator("#submit").click()
    await test_pages.sign_in(page)
    await expect(page.locator("#user-code")).to_have_text(begun["user_code"])
    await page.locator("#allow").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("connected")
    await context.close()


async def test_the_keyboard_is_enough(server: Server, page: Page, complaints: list[str]) -> None:
    begun = await begin(server)

    await page.goto(begun["verification_uri"])
    await expect(page.locator("#user_code")).to_be_focused()
    await page.keyboard.type("bcdf")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("not valid")
    await page.locator("#user_code").fill(begun["user_code"])
    await page.keyboard.press("Enter")
    await test_pages.sign_in(page)
    await page.locator("#deny").focus()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert [one for one in complaints if "422" not in one] == []


@pytest.mark.parametrize(("width", "scheme"), SEEN)
async def test_pages_fit_and_can_be_read(server: Server, chrome: Browser, scheme: str, width: int) -> None:
    context = await chrome.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = await context.new_page()
    begun = await begin(server)

    await page.goto(begun["verification_uri"])
    await test_pages.is_well_made(page)
    await page.goto(begun["verification_uri_complete"])
    await test_pages.is_well_made(page)
    await page.locator("#submit").click()
    await test_pages.sign_in(page)
    await test_pages.is_well_made(page)
    await page.locator("#allow").click()
    await test_pages.is_well_made(page)
    await context.close()
