"""The pages in every language: they fit, they can be read, and nobody is kept out, in light and dark, on a phone and a desk."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from oidc_server.foundation import languages
from tests.browser.test_pages import authorization_url, is_well_made, sign_in
from tests.servers import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ACCOUNT = ("", "/profile", "/sessions", "/apps", "/history", "/data", "/delete")


async def walk(server: Server, page: Page) -> AsyncIterator[str]:
    """Each page of the server, one after the other."""
    await page.goto(f"{server.issuer}/login")
    yield "login"
    await page.locator("[name=username]").fill("demo")
    await page.locator("[name=password]").fill("wrong")
    await page.locator("#submit").click()
    await expect(page.locator("#problem")).to_be_visible()
    yield "login-problem"
    await page.goto(authorization_url(server))
    await sign_in(page)
    await expect(page.locator("#allow")).to_be_visible()
    yield "consent"
    for name in ("", "/device", "/logout", "/nothing", "/authorize"):
        await page.goto(f"{server.issuer}{name or '/'}")
        yield name.strip("/") or "home"
    for name in ACCOUNT:
        await page.goto(f"{server.issuer}/account{name}")
        yield f"account{name.replace('/', '-')}"
    link = next(word for word in server.log.read_text().split() if "/first-administrator?token=" in word)
    await page.goto(link)
    yield "first-administrator"
    await page.goto(f"{server.issuer}/logout")
    await page.locator("#submit").click()
    yield "signed-out"
    await page.locator(".languages summary").click()
    yield "languages"


@pytest.mark.parametrize(
    ("tag", "width", "scheme"), [("en", 1200, "light"), ("en", 320, "dark"), ("ar", 320, "light"), ("ar", 1200, "dark")]
)
async def test_every_page_is_well_made(server: Server, chrome: Browser, tag: str, width: int, scheme: Any) -> None:
    context = await chrome.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    # Chosen, because the demo user's own locale comes before what the browser says.
    await context.add_cookies([{"name": "oidc_language", "value": tag, "url": server.issuer}])
    page = await context.new_page()
    async for _ in walk(server, page):
        await expect(page.locator("html")).to_have_attribute("lang", tag)
        await expect(page.locator("html")).to_have_attribute("dir", languages.load(tag).direction)
        await is_well_made(page)
    await context.close()


async def test_a_language_is_chosen_without_javascript_and_stays(server: Server, chrome: Browser) -> None:
    context = await chrome.new_context(java_script_enabled=False, locale="en")
    page = await context.new_page()
    await page.goto(authorization_url(server) + "&ui_locales=fr")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Se connecter")

    await page.locator(".languages summary").click()
    await page.get_by_role("button", name="Deutsch").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    await sign_in(page)
    await expect(page.locator("#allow")).to_have_text("Erlauben")
    await context.close()
