"""Signing in at another server of ours, in a real browser: press the button, sign in there, land back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.async_api import Browser, Page, expect

from oidc_server.cli import apply, reach
from oidc_server.house import House, opened
from oidc_server.settings.model import Settings
from tests.browser import test_pages
from tests.browser.accessible import SEEN
from tests.conftest import make_settings
from tests.servers import Server, free_port, installation, serving

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECRET = "a-secret-between-the-two-servers-0123456789"


def tell(folder: Path, text: str) -> None:
    """Apply a file to the server whose database and keys lie in this folder."""
    settings = make_settings(f"sqlite:///{folder}/oidc.db", folder / "keys", issuer="http://localhost:1")

    async def run() -> None:
        async with opened(settings) as house:
            await house.database.run(_write, house, text)

    reach.run_async(run())


def _write(house: House, text: str) -> None:
    apply.write(house, apply.read(text, development=True))


@pytest.fixture
def servers(template: object, settings: Settings, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """A head office, and a branch whose people have their accounts there."""
    ports = {name: free_port() for name in ("head", "branch")}
    folders = {name: tmp_path / name for name in ports}

    def members(name: str) -> dict[str, Any]:
        folder = folders[name]
        return {
            **installation(folder),
            "OIDC_OUTBOUND_ALLOW": "127.0.0.0/8,::1",
            # Browsers keep cookies for a host and not for a port.
            "OIDC_ISSUER": f"http://{'localhost' if name == 'branch' else '127.0.0.1'}:{ports[name]}",
        }

    with (
        serving(settings, folders["head"], port=ports["head"], **members("head")) as head,
        serving(settings, folders["branch"], port=ports["branch"], **members("branch")) as branch,
    ):
        redirect_uri = f"{branch.issuer}/login/upstream/head-office/callback"
        client = {"client_id": "branch", "client_secret": SECRET, "redirect_uris": [redirect_uri], "skip_consent": True}
        tell(folders["head"], yaml.safe_dump({"clients": [client]}))
        upstream = {
            "slug": "head-office", "kind": "oidc", "name": "Head office", "issuer": head.issuer,
            "client_id": "branch", "client_secret": SECRET, "just_in_time": True,
        }  # fmt: skip
        tell(folders["branch"], yaml.safe_dump({"upstreams": [upstream]}))
        yield head, branch


async def test_who_presses_the_button_signs_in_there_and_lands_back(
    servers: tuple[Server, Server], page: Page, complaints: list[str]
) -> None:
    head, branch = servers
    await page.goto(test_pages.authorization_url(branch))

    await page.get_by_role("button", name="Continue with Head office").click()
    await page.wait_for_url(f"{head.issuer}/login?*")
    await test_pages.sign_in(page)
    await page.wait_for_url(f"{branch.issuer}/consent?*")
    await page.locator("#allow").click()
    await page.wait_for_url(f"{branch.issuer}/playground*", wait_until="commit")
    await page.goto(f"{branch.issuer}/account/upstreams")

    await expect(page.locator("main")).to_contain_text("Head office")
    assert complaints == []


@pytest.mark.parametrize(("width", "scheme"), SEEN)
async def test_pages_fit_and_can_be_read(
    servers: tuple[Server, Server], chrome: Browser, scheme: str, width: int
) -> None:
    _, branch = servers
    context = await chrome.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})  # type: ignore[arg-type]
    page = await context.new_page()

    await page.goto(f"{branch.issuer}/login")
    await test_pages.is_well_made(page)
    await page.goto(f"{branch.issuer}/login/upstream/head-office/callback?state=x")
    await expect(page.get_by_role("alert")).to_be_visible()
    await test_pages.is_well_made(page)
    await page.locator("#upstream-head-office").click()
    await test_pages.sign_in(page)
    await page.goto(f"{branch.issuer}/account/upstreams")
    await test_pages.is_well_made(page)
    await page.get_by_role("button", name="Unlink").click()
    await expect(page.get_by_role("alert")).to_contain_text("only way")
    await context.close()
