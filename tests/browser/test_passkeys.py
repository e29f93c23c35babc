"""Passkeys in a real browser, with its virtual authenticator."""

import re

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.test_pages import is_well_made, sign_in
from tests.servers import Server

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def authenticator(context: BrowserContext, page: Page) -> None:
    """One that is always touched, and knows its owner."""
    session = await context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@pytest.fixture
async def no_autofill(page: Page) -> None:
    """A browser that doesn't offer passkeys while somebody types."""
    await page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")


async def add_passkey(server: Server, page: Page) -> None:
    await page.goto(f"{server.issuer}/login")
    await sign_in(page)
    await page.goto(f"{server.issuer}/account/security/passkeys")
    await is_well_made(page)
    await page.locator("[name=name]").fill("My laptop")
    await page.locator("#passkey").click()
    await expect(page.locator("#codes li")).to_have_count(10)
    await is_well_made(page)
    await page.locator("#onward").click()
    await expect(page.locator("#passkeys")).to_contain_text("My laptop")
    await is_well_made(page)


async def sign_out(server: Server, page: Page) -> None:
    await page.goto(f"{server.issuer}/logout")
    await page.locator("#submit").click()


async def test_a_passkey_is_made_and_signs_its_owner_in(
    server: Server, page: Page, authenticator: None, no_autofill: None, complaints: list[str]
) -> None:
    await add_passkey(server, page)
    await sign_out(server, page)

    await page.goto(f"{server.issuer}/login")
    await page.locator("#passkey").click()

    await expect(page.locator("main")).to_contain_text("Dana Demo")
    assert complaints == []


async def test_a_passkey_is_offered_in_the_field_of_the_name(
    server: Server, page: Page, authenticator: None, complaints: list[str]
) -> None:
    await add_passkey(server, page)
    await sign_out(server, page)

    await page.goto(f"{server.issuer}/login")  # the authenticator answers by itself, as if the offer had been taken

    await expect(page.locator("main")).to_contain_text("Dana Demo")
    assert complaints == []


async def test_after_the_password_a_passkey_is_the_second_factor(
    server: Server, page: Page, authenticator: None, no_autofill: None, complaints: list[str]
) -> None:
    await add_passkey(server, page)
    await sign_out(server, page)

    await page.goto(f"{server.issuer}/login")
    await sign_in(page)
    await expect(page).to_have_url(re.compile("/login/second-factor"))
    await is_well_made(page)
    await page.locator("#passkey").click()

    await expect(page.locator("main")).to_contain_text("Dana Demo")
    assert complaints == []


#: What the browser says when there is no passkey, or the person calls it off.
_REFUSING = "() => { navigator.credentials.get = async () => { throw new DOMException('', 'NotAllowedError') } }"


async def test_who_has_no_passkey_here_is_told_and_can_type(
    server: Server, page: Page, context: BrowserContext
) -> None:
    session = await context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    await page.goto(f"{server.issuer}/login")
    assert await page.locator("[name=username]").get_attribute("autocomplete") == "username webauthn"
    await page.evaluate(_REFUSING)

    await page.locator("#passkey").click()

    await expect(page.locator("#passkey-problem")).to_be_visible()
    await sign_in(page)
    await expect(page.locator("main")).to_contain_text("Dana Demo")


async def test_without_javascript_a_recovery_code_is_the_second_factor(
    server: Server, chrome: Browser, page: Page, authenticator: None, no_autofill: None
) -> None:
    await add_passkey(server, page)
    await page.goto(f"{server.issuer}/account/security")
    await page.get_by_role("button", name="Make new codes").click()
    code = await page.locator("#codes li").first.inner_text()
    plain = await chrome.new_context(java_script_enabled=False)
    other = await plain.new_page()

    await other.goto(f"{server.issuer}/login")
    await expect(other.locator("#passkey")).to_be_hidden()
    await sign_in(other)
    await expect(other.locator("#passkey")).to_be_hidden()
    await other.locator("[name=code]").fill(code)
    await other.locator("#submit").click()

    await expect(other.locator("main")).to_contain_text("Dana Demo")
    await plain.close()
