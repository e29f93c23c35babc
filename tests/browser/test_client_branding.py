"""A client's look in a real browser: it can be read, in light and dark, wide and narrow, from left and from right."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from oidc_server.settings.model import Settings
from tests.actors.relying_party import s256
from tests.browser.test_pages import is_well_made, sign_in
from tests.forked import commands
from tests.servers import Server, environment, installation, serving

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CALLBACK = "http://localhost:9/callback"
FILE = f"""
clients:
  - client_id: shop
    client_name: Plus Shop
    token_endpoint_auth_method: none
    redirect_uris: ["{CALLBACK}"]
    branding: {{logo: shop.svg, accent: "#7a1fa2", accent_dark: "#d9a6ff"}}
"""
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 40"><rect width="160" height="40" fill="#8a3ffc"/></svg>'
)


@pytest.fixture
def server(template: object, settings: Settings, tmp_path: Path) -> Iterator[Server]:
    """A development server with a client that an operator gave a look."""
    (tmp_path / "logos").mkdir()
    (tmp_path / "logos" / "shop.svg").write_text(LOGO)
    (tmp_path / "file.yaml").write_text(FILE)
    new: dict[str, Any] = {
        **installation(tmp_path),
        "OIDC_BRANDING_PRODUCT_NAME": "Acme",
        "OIDC_BRANDING_LOGOS_DIR": str(tmp_path / "logos"),
    }
    with serving(settings, tmp_path, **new) as server:
        values = environment(settings, OIDC_ISSUER=server.issuer, **new)
        commands().run(["apply", "file.yaml"], tmp_path, values).check_returncode()
        yield server


@pytest.mark.parametrize(
    ("scheme", "width", "language", "colour"),
    [
        ("light", 1200, "en", "rgb(122, 31, 162)"),
        ("dark", 1200, "de", "rgb(217, 166, 255)"),
        ("light", 320, "de", "rgb(122, 31, 162)"),
        ("dark", 320, "ar", "rgb(217, 166, 255)"),
    ],
)
async def test_it_is_worn_and_can_be_read(
    server: Server, chrome: Browser, scheme: str, width: int, language: str, colour: str
) -> None:
    context = await chrome.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 900},
        locale=language,
    )
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    challenge = f"code_challenge={s256('v' * 43)}&code_challenge_method=S256"
    await page.goto(
        f"{server.issuer}/authorize?response_type=code&scope=openid&client_id=shop&redirect_uri={CALLBACK}&{challenge}"
    )

    await expect(page.locator("header img")).to_have_attribute("alt", "Plus Shop")
    assert await page.locator("header img").evaluate("image => image.naturalWidth") > 0
    await expect(page.locator("#submit")).to_have_css("background-color", colour)
    await expect(page.locator("#server")).to_contain_text("Acme")
    await is_well_made(page)
    await sign_in(page)
    await expect(page.locator("#allow")).to_have_css("background-color", colour)
    await is_well_made(page)
    await page.goto(f"{server.issuer}/account/delete")
    await expect(page.locator("header img")).to_have_attribute("alt", "")
    assert complaints == []
    await context.close()
