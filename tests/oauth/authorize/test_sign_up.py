"""prompt=create where people may make accounts for themselves (Initiating User Registration via OpenID Connect 1.0)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from oidc_server import app as composition
from oidc_server.foundation import sealing
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.sessions import interaction as interactions
from oidc_server.settings.model import Settings
from tests.actors.browser import Browser
from tests.actors.relying_party import RelyingParty
from tests.conftest import running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def opened(*parts: Any, **settings: Any) -> AuthorizationServer:
    """An authorization server of a house that lets people in."""
    return AuthorizationServer(*parts, **{**settings, "may_sign_up": True})


@pytest.fixture
async def browser(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    """A browser before such a server."""
    monkeypatch.setattr(composition, "AuthorizationServer", opened)
    async with running(settings) as app:
        browser = Browser.within(app, settings.issuer, "203.0.113.7")
        yield browser
        await browser.close()


async def test_it_is_told_in_the_metadata(browser: Browser) -> None:
    metadata = (await browser.http.get("/.well-known/openid-configuration")).json()

    assert "create" in metadata["prompt_values_supported"]  # Initiating User Registration §4.2


async def test_it_leads_to_the_page_where_accounts_are_made(browser: Browser, settings: Settings) -> None:
    party = RelyingParty(browser.http, "shop")

    sent = await browser.http.get(party.authorization_url(prompt="create"))  # Initiating User Registration §4.1

    page, _, sealed = sent.headers["location"].partition("?interaction=")
    assert page == "/signup"
    waiting = interactions.unseal(sealing.load(settings.keys.dir, strict=False), sealed)
    assert waiting.parameters["client_id"] == "shop"
    assert waiting.page == "authorize"


async def test_it_stands_alone(browser: Browser) -> None:
    party = RelyingParty(browser.http, "shop")

    for other in ("none", "login", "consent", "select_account"):
        page = await browser.open(party.authorization_url(prompt=f"create {other}"))
        assert party.answer(page).error == "invalid_request"  # Initiating User Registration §4.1
