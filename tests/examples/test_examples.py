"""Each example does what its page says, against a development server from nothing."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Page, expect

from oidc_server.cli import demo
from oidc_server.settings.model import Settings
from tests.actors.browser import Browser
from tests.browser.conftest import chrome, context, page  # noqa: F401 - fixtures
from tests.browser.test_pages import sign_in
from tests.servers import Server, installation, serving

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.xdist_group("examples"),  # they have ports of their own
]


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Server]:
    with serving(settings, tmp_path, **installation(tmp_path)) as server:
        yield server


@contextlib.contextmanager
def started(command: list[str], address: str, **others: str) -> Iterator[None]:
    """A program of somebody else's, for as long as a test needs it."""
    process = subprocess.Popen(command, cwd=EXAMPLES, env={**os.environ, **others}, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.TransportError):
                httpx2.get(address, timeout=1)
                break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def uvicorn(app: str, port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "--log-level", "error", "--port", str(port), app]


async def test_the_web_application_signs_a_person_in_and_out(server: Server) -> None:
    with started(uvicorn("web_app:app", 3000), "http://localhost:3000", ISSUER=server.issuer):
        browser = Browser(server.issuer)
        sent = await browser.http.get("http://localhost:3000/login")
        login = await browser.open(sent.headers["location"])
        consent = await browser.submit(login, username=demo.USERNAME, password=demo.PASSWORD)
        back = await browser.submit(consent, decision="allow")
        welcome = await browser.http.get(back.response.headers["location"], follow_redirects=True)
        goodbye = await browser.http.get("http://localhost:3000/logout", follow_redirects=True)
        await browser.close()

    assert "Hello Dana Demo" in welcome.text
    assert 'href="/login"' in goodbye.text


async def test_the_api_accepts_our_tokens_and_no_others(server: Server) -> None:
    with started(uvicorn("api:app", 3001), "http://localhost:3001", ISSUER=server.issuer):
        async with httpx2.AsyncClient(base_url=server.issuer) as http:
            request = {"grant_type": "client_credentials", "scope": "orders.read"}
            good = await http.post("/token", data=request, auth=(demo.CLIENT_ID, demo.CLIENT_SECRET))
            poor = await http.post(
                "/token", data={**request, "scope": "orders.write"}, auth=(demo.CLIENT_ID, demo.CLIENT_SECRET)
            )
            statuses = [
                (
                    await http.get("http://localhost:3001/orders", headers={"Authorization": f"Bearer {token}"})
                ).status_code
                for token in (good.json()["access_token"], poor.json()["access_token"], "nonsense")
            ]

    assert statuses == [200, 403, 401]


def test_the_shell_script_walks_through(server: Server) -> None:
    script = ["sh", "-eu", str(EXAMPLES / "curl.sh")]
    done = subprocess.run(
        script, env={**os.environ, "ISSUER": server.issuer}, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"active":true') == 1
    assert '"email":"demo@example.com"' in done.stdout
    assert done.stdout.rstrip().endswith('{"active":false}')


async def test_the_app_in_the_browser_signs_in_from_another_origin(server: Server, page: Page) -> None:  # noqa: F811
    with started([sys.executable, "-m", "http.server", "--directory", "spa", "3002"], "http://localhost:3002"):
        await page.goto(f"http://localhost:3002/#issuer={server.issuer}")
        await page.locator("#login").click()
        await sign_in(page)
        await page.locator("#allow").click()
        await expect(page.locator("#status")).to_have_text("Hello Dana Demo.")
        await page.locator("#logout").click()
        await expect(page.locator("#status")).to_have_text("Not signed in.")


async def test_the_device_shows_a_code_and_waits_for_its_person(server: Server) -> None:
    variables = {**os.environ, "ISSUER": server.issuer, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
    device = await asyncio.create_subprocess_exec(
        sys.executable, "device.py", cwd=EXAMPLES, env=variables, stdout=asyncio.subprocess.PIPE
    )
    try:
        shown, link = await _shown(device)
        browser = Browser(server.issuer)
        login = await browser.submit(await browser.open(link))
        question = await browser.submit(login, username=demo.USERNAME, password=demo.PASSWORD)
        await browser.submit(question, decision="allow")
        await browser.close()
        last, _ = await asyncio.wait_for(device.communicate(), 30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            device.kill()
        await device.wait()

    assert "\u2580" in shown  # the QR code
    assert "Hello Dana Demo." in last.decode()
    assert device.returncode == 0


async def _shown(device: asyncio.subprocess.Process) -> tuple[str, str]:
    """What a device shows while it waits, and the link for those who can't scan."""
    shown, found = "", None
    while found is None:
        assert device.stdout is not None
        line = (await asyncio.wait_for(device.stdout.readline(), 30)).decode()
        assert line, shown
        shown += line
        found = re.match(r"http\S+/device\?user_code=[A-Z]{4}-[A-Z]{4}\s", line)
    return shown, found[0].strip()
