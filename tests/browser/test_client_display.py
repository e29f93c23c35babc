"""How an application shows itself on the login and consent pages, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser, Page, expect

from oidc_server.settings.model import Settings
from tests.actors.relying_party import s256
from tests.browser.accessible import SEEN
from tests.browser.test_pages import is_well_made, sign_in
from tests.servers import Server, installation, serving

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MEMBERS = {
    "client_name": "A shop for everything, with a rather long name that needs two lines",
    "redirect_uris": ["http://localhost:9/callback"],
    "client_uri": "https://shop.example.com",
    "logo_uri": "https://cdn.example.com/logo.png",
    "policy_uri": "https://shop.example.com/policy",
    "tos_uri": "https://shop.example.com/terms",
}


@pytest.fixture
def server(template: object, settings: Settings, tmp_path: Path) -> Iterator[Server]:
    """A development server at which clients register themselves."""
    new: dict[str, Any] = {
        **installation(tmp_path),
        "OIDC_REGISTRATION_MODE": "open",
    }
    with serving(settings, tmp_path, **new) as server:
        yield server


def authorization_url(server: Server) -> str:
    """Where a client that has just registered sends people."""
    told = httpx2.post(f"{server.issuer}/register", json=MEMBERS).json()
    return (
        f"{server.issuer}/authorize?response_type=code&scope=openid%20profile&client_id={told['client_id']}"
        f"&redirect_uri={MEMBERS['redirect_uris'][0]}&code_challenge={s256('v' * 43)}&code_challenge_method=S256"
    )


@pytest.mark.parametrize(("width", "scheme"), SEEN)
async def test_an_application_that_registered_itself_fits_and_can_be_read(
    server: Server, chrome: Browser, scheme: str, width: int, tmp_path: Path
) -> None:
    context = await chrome.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(authorization_url(server))
    await is_well_made(page)
    await page.screenshot(path=tmp_path / "login.png", full_page=True)
    await sign_in(page)
    await expect(page.locator("#unverified")).to_be_visible()
    await is_well_made(page)
    await page.screenshot(path=tmp_path / "consent.png", full_page=True)
    await context.close()


async def test_no_page_asks_anybody_else_for_anything(server: Server, page: Page, complaints: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    await page.goto(authorization_url(server))
    await sign_in(page)
    await expect(page.locator(".tile")).to_have_text("A")

    assert [url for url in asked if not url.startswith(server.issuer)] == []
    assert complaints == []
