"""The hosted pages as people use them: with the keyboard, without JavaScript, on a phone, in the dark."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from oidc_server.cli import demo
from oidc_server.playground import page as playground
from tests.actors.relying_party import s256
from tests.browser.accessible import SEEN, barriers
from tests.servers import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def authorization_url(server: Server, **changes: str) -> str:
    values = {
        "response_type": "code",
        "client_id": playground.CLIENT_ID,
        "redirect_uri": server.issuer + playground.PATH,
        "scope": "openid profile orders.read",
        "state": "s",
        "code_challenge": s256("v" * 43),
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{server.issuer}/authorize?" + "&".join(f"{name}={value}" for name, value in values.items())


async def test_the_keyboard_is_enough(server: Server, page: Page, complaints: list[str]) -> None:
    await page.goto(authorization_url(server))
    await expect(page.locator("#username")).to_be_focused()

    await page.keyboard.type(demo.USERNAME)
    await page.keyboard.press("Tab")
    await page.keyboard.type(demo.PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Playground")
    await page.locator("#allow").focus()
    await page.keyboard.press("Enter")

    await page.wait_for_url(f"{server.issuer}/playground*", wait_until="commit")
    assert complaints == []


async def test_no_page_needs_javascript(server: Server, chrome: Browser) -> None:
    context = await chrome.new_context(java_script_enabled=False)
    page = await context.new_page()

    await page.goto(authorization_url(server))
    await sign_in(page)
    await page.locator("#allow").click()
    await page.wait_for_url(f"{server.issuer}/playground?code=*", wait_until="commit")
    await page.goto(f"{server.issuer}/logout")
    await page.locator("#submit").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("signed out")
    await context.close()


async def test_saying_no_goes_back_to_the_app(server: Server, page: Page) -> None:
    await page.goto(authorization_url(server))
    await sign_in(page)
    await page.locator("#deny").click()
    await page.wait_for_url(f"{server.issuer}/playground*", wait_until="commit")


async def test_a_wrong_password_is_told_where_it_was_typed(server: Server, page: Page) -> None:
    await page.goto(f"{server.issuer}/login")
    await page.locator("[name=username]").fill("demo")
    await page.locator("[name=password]").fill("wrong")
    await page.locator("#submit").click()

    await expect(page.get_by_role("alert")).to_contain_text("wrong")
    await expect(page.locator("[name=username]")).to_have_value("demo")
    await expect(page.locator("[name=password]")).to_have_value("")


async def test_the_one_time_link_makes_the_first_administrator(server: Server, page: Page) -> None:
    link = next(word for word in server.log.read_text().split() if "/first-administrator?token=" in word)
    await page.goto(link)
    await page.locator("[name=username]").fill("root")
    await page.locator("[name=password]").fill("a long passphrase")
    await page.locator("#submit").click()
    await page.wait_for_url(f"{server.issuer}/login")
    await page.locator("[name=username]").fill("root")
    await page.locator("[name=password]").fill("a long passphrase")
    await page.locator("#submit").click()
    await expect(page.locator("main")).to_contain_text("root")

    await page.goto(link)
    await expect(page.locator("#oauth-error")).to_contain_text("already")


@pytest.mark.parametrize(("width", "scheme"), SEEN)
async def test_pages_fit_and_can_be_read(
    server: Server, chrome: Browser, scheme: str, width: int, tmp_path: Path
) -> None:
    context = await chrome.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(authorization_url(server))
    await is_well_made(page)
    await sign_in(page)
    await is_well_made(page)
    await page.goto(f"{server.issuer}/logout")
    await is_well_made(page)
    await page.goto(f"{server.issuer}/nothing-here")
    await is_well_made(page)
    await context.close()


async def sign_in(page: Page) -> None:
    await page.locator("[name=username]").fill(demo.USERNAME)
    await page.locator("[name=password]").fill(demo.PASSWORD)
    await page.locator("#submit").click()


async def is_well_made(page: Page) -> None:
    """One heading, a language, a title, labelled fields, nothing wider than the window, text that stands out, no barrier."""
    await expect(page.locator("h1")).to_have_count(1)
    assert await page.locator("html[lang]").count() == 1
    assert await page.title()
    for field in await page.locator("input:not([type=hidden])").all():
        name = await field.get_attribute("id")
        assert await page.locator(f"label[for='{name}']").count() == 1
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert await page.evaluate(_LOWEST_CONTRAST) >= 4.5  # WCAG 2.2, 1.4.3
    assert await barriers(page) == []


#: The lowest contrast between a text and the first opaque background behind it.
_LOWEST_CONTRAST = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = rgb(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return rgb(getComputedStyle(document.documentElement).backgroundColor).length === 3
      ? rgb(getComputedStyle(document.documentElement).backgroundColor) : [255, 255, 255];
  };
  let lowest = 21;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    const [one, other] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
    lowest = Math.min(lowest, (one + 0.05) / (other + 0.05));
  }
  return lowest;
}"""
