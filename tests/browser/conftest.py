"""A real browser, in front of a real development server."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from oidc_server.settings.model import Settings
from tests.browser import chromium
from tests.servers import Server, installation, serving

expect.set_options(timeout=15_000)  # milliseconds, as long as a page may take


@pytest.fixture
def server(template: object, settings: Settings, tmp_path: Path) -> Iterator[Server]:
    """A development server from nothing, with its demo data."""
    with serving(settings, tmp_path, **installation(tmp_path)) as server:
        yield server


@pytest.fixture
async def chrome() -> AsyncIterator[Browser]:
    """A running Chromium."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS))
        yield browser
        await browser.close()


@pytest.fixture
async def context(chrome: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh profile."""
    context = await chrome.new_context()
    context.set_default_timeout(15_000)
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    """A tab in which nothing goes wrong unseen: see `complaints`."""
    return await context.new_page()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser's console complained of: scripts that failed, and what the content security policy forbade."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found
