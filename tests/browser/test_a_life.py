"""The whole life of a person, from the relying party that sends them here to the day they leave, in a real browser."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Browser

from oidc_server.house import opened
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.relying_party import RelyingParty, Tokens
from tests.browser.mailbox import Mailbox
from tests.browser.somebody import Somebody
from tests.conftest import make_settings
from tests.foundation.mail.smtp_server import smtp_serving
from tests.listener import answer, listening
from tests.servers import Server, free_port, installation, serving

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ADA = "ada@example.com"
FIRST, SECOND = "engines weave algebra", "looms weave flowers and leaves"
SitDown = Callable[..., Awaitable[Somebody]]


@pytest.fixture
async def mailbox(smtp_port: int) -> AsyncIterator[Mailbox]:
    """Ada's, behind a real SMTP server."""
    async with smtp_serving(smtp_port) as server:
        yield Mailbox(server, ADA)


@pytest.fixture
def smtp_port() -> int:
    """Where mail is taken."""
    return free_port()


@pytest.fixture
def server(template: object, settings: Settings, smtp_port: int, tmp_path: Path) -> Iterator[Server]:
    """A server on which people sign up, and which sends mail."""
    new: dict[str, Any] = {
        **installation(tmp_path),
        "OIDC_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        "OIDC_SMTP_FROM": "Example <login@example.com>",
        "OIDC_SIGN_UP_REQUIRE_VERIFIED_EMAIL": "true",
    }
    with serving(settings, tmp_path, **new) as server:
        yield server


@pytest.fixture
async def shop(server: Server, tmp_path: Path) -> AsyncIterator[RelyingParty]:
    """A relying party with a page that people come back to, and a server of its own that calls ours."""
    page = answer(200, b"<!doctype html><title>shop</title><p>The shop.</p>", Content_Type="text/html")
    async with (
        listening(page) as front,
        httpx2.AsyncClient(base_url=server.issuer, timeout=30) as http,
        opened(make_settings(f"sqlite:///{tmp_path}/oidc.db", tmp_path / "keys")) as house,
    ):
        await factories.add_client(house, **factories.client("shop", redirect_uris=[front.url("/callback")]))
        yield RelyingParty(http, "shop", redirect_uri=front.url("/callback"))


@pytest.fixture
async def sit_down(chrome: Browser, server: Server) -> AsyncIterator[SitDown]:
    """Puts Ada before a browser that she has never used."""
    seats: list[Somebody] = []

    async def sit(*, scripts: bool = True) -> Somebody:
        seats.append(await Somebody.at(chrome, server.issuer, ADA, scripts=scripts))
        return seats[-1]

    yield sit
    for one in seats:
        await one.page.context.close()


async def signs_up(ada: Somebody, shop: RelyingParty, mailbox: Mailbox) -> Tokens:
    """Come from the shop, make an account, confirm the address, and be back with a code that redeems."""
    await ada.is_sent_by(shop, prompt="create", scope="openid email offline_access")
    await ada.fills_in(email=ADA, password=FIRST)
    await ada.sees("Look into your mail")
    await ada.opens(await mailbox.link("Confirm your e-mail address"))
    await ada.page.locator("#submit").click()
    await ada.page.locator("#allow").click()
    return await shop.redeem((await ada.arrives_at(shop)).code)


async def signs_in_with_a_recovery_code(ada: Somebody, code: str, mailbox: Mailbox) -> None:
    """The phone is lost, and this is a browser on which it never was."""
    await ada.signs_in(FIRST)
    await ada.fills_in(code=code)
    await ada.is_signed_in()
    await mailbox.holds("Somebody signed in on a new browser")


async def forgets_the_password(ada: Somebody, mailbox: Mailbox) -> None:
    """Choose another by the link in the mail."""
    await ada.opens("forgot-password")
    await ada.fills_in(username=ADA)
    await ada.sees("Look into your mail")
    await ada.opens(await mailbox.link("Choose a new password"))
    await ada.fills_in(password=SECOND)
    await ada.sees("Your password is changed")
    await mailbox.holds("Your password was changed")


async def comes_back(ada: Somebody, shop: RelyingParty) -> Tokens:
    """Sign in at the shop with the new password; the old one is worth nothing."""
    await ada.is_sent_by(shop)
    await ada.fills_in(username=ADA, password=FIRST)
    await ada.sees("wrong")
    await ada.fills_in(username=ADA, password=SECOND)
    await ada.page.locator("#allow").click()
    return await shop.redeem((await ada.arrives_at(shop)).code)


async def leaves(ada: Somebody) -> None:
    """Take everything along, and go."""
    document = await ada.downloads_their_data()
    assert document["account"]["email"] == ADA
    assert document["applications"] == ["shop"]
    assert FIRST not in str(document)
    assert "$2" not in str(document)
    await ada.deletes_their_account()
    await ada.is_signed_out()
    await ada.signs_in(SECOND)
    await ada.sees("The user name or password is wrong.")


async def works(shop: RelyingParty, tokens: Tokens) -> None:
    """The shop may ask who she is."""
    assert (await shop.userinfo(tokens.access_token)).json()["email"] == ADA
    assert (await shop.introspect(tokens.access_token))["active"]


async def is_dead(shop: RelyingParty, tokens: Tokens) -> None:
    """The shop is told nothing any more, by whichever door."""
    assert (await shop.userinfo(tokens.access_token)).status_code == 401
    for token in (tokens.access_token, tokens.refresh_token):
        assert await shop.introspect(token) == {"active": False}
    assert (await shop.refresh(tokens.refresh_token)).error == "invalid_grant"


async def test_a_life(sit_down: SitDown, shop: RelyingParty, mailbox: Mailbox) -> None:
    ada = await sit_down()
    tokens = await signs_up(ada, shop, mailbox)
    assert tokens.id_claims["amr"] == ["pwd"]
    await works(shop, tokens)

    await ada.buys_a_security_key()
    codes = await ada.adds_a_passkey("My laptop")
    await ada.signs_out()
    await ada.opens("login")
    await ada.page.locator("#passkey").click()
    await ada.sees(ADA)
    await ada.adds_an_app()
    await ada.sees("Recovery codes")
    tokens = await shop.refresh(tokens.refresh_token)

    ada_elsewhere = await sit_down()
    await signs_in_with_a_recovery_code(ada_elsewhere, codes[0], mailbox)
    await ada_elsewhere.removes("passkeys")
    await ada_elsewhere.removes("authenticator")
    await ada.is_signed_in()
    await forgets_the_password(ada_elsewhere, mailbox)
    await ada.is_signed_out()
    await is_dead(shop, tokens)

    tokens = await comes_back(ada_elsewhere, shop)
    await works(shop, tokens)
    await leaves(ada_elsewhere)
    await is_dead(shop, tokens)
    assert mailbox.subjects == [
        "Confirm your e-mail address",
        "A new way to prove who you are",
        "A new way to prove who you are",
        "Somebody signed in on a new browser",
        "A way to prove who you are was removed",
        "A way to prove who you are was removed",
        "Choose a new password",
        "Your password was changed",
    ]


async def test_a_life_without_javascript(sit_down: SitDown, shop: RelyingParty, mailbox: Mailbox) -> None:
    ada = await sit_down(scripts=False)
    tokens = await signs_up(ada, shop, mailbox)
    await works(shop, tokens)

    phone, codes = await ada.adds_an_app_and_gets_codes()
    await ada.signs_out()
    await ada.signs_in(FIRST)
    await ada.fills_in(code=phone.code(later=30))
    await ada.is_signed_in()
    tokens = await shop.refresh(tokens.refresh_token)

    ada_elsewhere = await sit_down(scripts=False)
    await signs_in_with_a_recovery_code(ada_elsewhere, codes[0], mailbox)
    await ada_elsewhere.removes("authenticator")
    await forgets_the_password(ada_elsewhere, mailbox)
    await ada.is_signed_out()
    await is_dead(shop, tokens)

    tokens = await comes_back(ada_elsewhere, shop)
    await works(shop, tokens)
    await leaves(ada_elsewhere)
    await is_dead(shop, tokens)
