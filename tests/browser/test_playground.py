"""The playground: a whole sign-in, each step shown, in a real browser."""

import json

import pytest
from playwright.async_api import Page, expect

from tests.browser.test_pages import sign_in
from tests.servers import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_newcomer_sees_every_step(server: Server, page: Page, complaints: list[str]) -> None:
    await page.goto(f"{server.issuer}/playground")
    await page.locator("#start").click()
    await sign_in(page)
    await page.locator("#allow").click()
    await page.wait_for_url(f"{server.issuer}/playground*")
    await expect(page.locator("#verdict")).to_contain_text("verified")
    claims = json.loads(await page.locator("#id-token-claims").inner_text())
    assert claims["aud"] == "playground"
    assert claims["iss"] == server.issuer

    await page.locator("#userinfo").click()
    await expect(page.locator("#userinfo-claims")).to_contain_text("demo@example.com")
    await page.locator("#refresh").click()
    await page.locator("#introspect").click()
    await expect(page.locator("[data-step=introspect]")).to_contain_text('"active": true')
    await page.locator("#revoke").click()
    await page.locator("#introspect").click()
    await expect(page.locator("[data-step=introspect]")).to_contain_text('"active": false')
    await page.locator("#logout").click()
    await page.wait_for_url(f"{server.issuer}/playground*")
    assert complaints == []


async def test_a_refusal_is_shown(server: Server, page: Page) -> None:
    await page.goto(f"{server.issuer}/playground")
    await page.locator("#start").click()
    await sign_in(page)
    await page.locator("#deny").click()
    await page.wait_for_url(f"{server.issuer}/playground*")
    await expect(page.locator("main")).to_contain_text("access_denied")
