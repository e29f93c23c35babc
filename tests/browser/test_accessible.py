"""The look for barriers finds them."""

from playwright.async_api import Page

from tests.browser.accessible import barriers


async def test_a_barrier_is_found(page: Page) -> None:
    await page.set_content("<html><body><img src='data:,'><a href='/'></a></body></html>")

    found = " ".join(await barriers(page))

    assert all(rule in found for rule in ("image-alt", "link-name", "html-has-lang", "document-title"))
