"""Signing out in a real browser: frames of clients, with and without JavaScript, and the frame that clients ask."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from oidc_server.house import opened
from tests import factories
from tests.actors.relying_party import s256
from tests.browser.test_pages import sign_in
from tests.conftest import make_settings
from tests.listener import Listener, Received, answer, hang, listening
from tests.servers import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HTML = {"Content_Type": "text/html"}
PAGE = answer(200, b"<!doctype html><title>app</title><p>An app.</p>", **HTML)

ASK = """async ([frame, message]) => {
  const made = document.createElement("iframe");
  made.src = frame;
  document.body.append(made);
  await new Promise((resolve) => made.onload = resolve);
  return await new Promise((resolve) => {
    addEventListener("message", (event) => resolve(event.data), { once: true });
    made.contentWindow.postMessage(message, new URL(frame).origin);
  });
}"""


@pytest.fixture
async def app(server: Server, tmp_path: Path) -> AsyncIterator[Listener]:
    """An application with pages of its own, which signs people out in a frame."""
    async with (
        listening(PAGE) as app,
        opened(make_settings(f"sqlite:///{tmp_path}/oidc.db", tmp_path / "keys")) as house,
    ):
        await factories.add_client(
            house,
            **factories.client(
                "app",
                skip_consent=True,
                redirect_uris=[app.url("/callback")],
                post_logout_redirect_uris=[app.url("/bye")],
                frontchannel_logout_uri=app.url("/front"),
                frontchannel_logout_session_required=True,
            ),
        )
        yield app


async def sign_in_with(server: Server, app: Listener, page: Page) -> dict[str, list[str]]:
    """Sign in with the application; what it was told."""
    values = {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": app.url("/callback"),
        "scope": "openid",
        "code_challenge": s256("v" * 43),
        "code_challenge_method": "S256",
    }
    await page.goto(f"{server.issuer}/authorize?{urlencode(values)}")
    await sign_in(page)
    await page.wait_for_url(f"{app.url('/callback')}*")
    return parse_qs(urlsplit(page.url).query)


async def sign_out(server: Server, page: Page, **values: str) -> None:
    await page.goto(f"{server.issuer}/logout?{urlencode(values)}")
    await page.locator("#submit").click()


def fronts(app: Listener) -> list[Received]:
    return [one for one in app.received if one.target.startswith("/front")]


async def test_the_frame_is_loaded_and_the_person_goes_on(
    server: Server, app: Listener, page: Page, complaints: list[str]
) -> None:
    await sign_in_with(server, app, page)

    await sign_out(server, page, client_id="app", post_logout_redirect_uri=app.url("/bye"))
    await page.wait_for_url(app.url("/bye"))

    (front,) = fronts(app)
    told = parse_qs(urlsplit(front.target).query)
    assert told["iss"] == [server.issuer]
    assert len(told["sid"]) == 1
    assert front.headers["sec-fetch-dest"] == "iframe"
    assert complaints == []


async def test_it_works_without_javascript(server: Server, app: Listener, chrome: Browser) -> None:
    context = await chrome.new_context(java_script_enabled=False)
    page = await context.new_page()
    await sign_in_with(server, app, page)

    await sign_out(server, page, client_id="app", post_logout_redirect_uri=app.url("/bye"))
    await page.wait_for_url(app.url("/bye"))

    assert len(fronts(app)) == 1
    await context.close()


async def test_an_application_that_hangs_keeps_nobody(server: Server, app: Listener, page: Page) -> None:
    await sign_in_with(server, app, page)

    async def hang_in_frames(received: Received, writer: asyncio.StreamWriter) -> None:
        await (hang if received.target.startswith("/front") else PAGE)(received, writer)

    app.do = hang_in_frames
    await sign_out(server, page, client_id="app", post_logout_redirect_uri=app.url("/bye"))

    await page.wait_for_url(app.url("/bye"), timeout=10_000)


async def test_an_application_asks_whether_the_session_is_the_same(
    server: Server, app: Listener, page: Page, context: BrowserContext, complaints: list[str]
) -> None:
    (state,) = (await sign_in_with(server, app, page))["session_state"]
    frame = f"{server.issuer}/check_session"

    async def ask(message: str) -> str:
        return str(await page.evaluate(ASK, [frame, message]))

    assert await ask(f"app {state}") == "unchanged"  # Session Management §3.2
    assert await ask(f"other {state}") == "changed"
    for malformed in ("", "app", f"app {state} more", "app nosalt", f"app {state}.more", f" {state}"):
        assert await ask(malformed) == "error", malformed
    elsewhere = await context.new_page()
    await sign_out(server, elsewhere)
    await elsewhere.get_by_role("heading", name="signed out").wait_for()
    assert await ask(f"app {state}") == "changed"
    assert complaints == []
