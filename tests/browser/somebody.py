"""Somebody at a real browser: does what a person does there, and sees what they would see."""

import asyncio
import json
import re
from base64 import b32decode
from typing import Any

from playwright.async_api import Browser, Page, expect

from tests.actors.phone import Phone
from tests.actors.relying_party import Answer, RelyingParty
from tests.browser.test_pages import is_well_made

_AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
#: An authenticator that is always touched would take up the offer in the name's field at once.
_NO_AUTOFILL = "if (window.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false"


class Somebody:
    """One person at one browser."""

    def __init__(self, issuer: str, email: str, page: Page, *, scripts: bool) -> None:
        self.issuer = issuer
        self.email = email
        self.page = page
        self._scripts = scripts

    @classmethod
    async def at(cls, chrome: Browser, issuer: str, email: str, *, scripts: bool = True) -> "Somebody":
        """At a browser that nobody has used before."""
        context = await chrome.new_context(java_script_enabled=scripts, accept_downloads=True)
        context.set_default_timeout(15_000)
        await context.add_init_script(_NO_AUTOFILL)
        return cls(issuer, email, await context.new_page(), scripts=scripts)

    async def opens(self, path: str) -> None:
        """Go to a page of the server's; every page that is seen on the way is well made."""
        await self.page.goto(path if path.startswith("http") else f"{self.issuer}/{path}")
        await self._looks()

    async def fills_in(self, **values: str) -> None:
        """Fill in the form and send it."""
        for name, value in values.items():
            await self.page.locator(f"[name={name}]").fill(value)
        await self.page.locator("#submit").click()

    async def sees(self, text: str) -> None:
        """What the page says."""
        await expect(self.page.locator("main")).to_contain_text(text)
        await self._looks()

    async def presses(self, name: str, within: str = "main") -> None:
        """Press a button."""
        await self.page.locator(within).get_by_role("button", name=name, exact=True).click()

    async def is_sent_by(self, party: RelyingParty, **changes: str) -> None:
        """Be sent here by a relying party."""
        await self.opens(self.issuer + party.authorization_url(**changes))

    async def arrives_at(self, party: RelyingParty) -> Answer:
        """Be back at the relying party; what came with it."""
        await self.page.wait_for_url(f"{party.redirect_uri}?*", wait_until="commit")
        return Answer(self.page.url)

    async def signs_in(self, password: str) -> None:
        """Type name and password on the login page."""
        await self.opens("login")
        await self.fills_in(username=self.email, password=password)

    async def signs_out(self) -> None:
        """Sign out."""
        await self.opens("logout")
        await self.page.locator("#submit").click()
        await self.sees("signed out")

    async def is_signed_in(self) -> None:
        """Sees their own account."""
        await self.opens("account")
        await self.sees(self.email)

    async def is_signed_out(self) -> None:
        """Is asked who they are."""
        await self.opens("account")
        await expect(self.page).to_have_url(re.compile("/login"))

    async def buys_a_security_key(self) -> None:
        """Have an authenticator from now on, which is always touched and knows its owner."""
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("WebAuthn.enable")
        await session.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})

    async def adds_a_passkey(self, name: str) -> list[str]:
        """Add a passkey; the recovery codes that come with the first factor."""
        await self.opens("account/security/passkeys")
        await self.page.locator("[name=name]").fill(name)
        await self.page.locator("#passkey").click()
        return await self._keeps_the_codes()

    async def adds_an_app(self) -> Phone:
        """Add an authenticator app, with the key that is shown for those who can't scan."""
        await self.opens("account/security/authenticator")
        await self.page.get_by_text("Can't scan it?").click()
        shown = (await self.page.locator("#secret").inner_text()).replace(" ", "")
        phone = Phone(b32decode(shown + "=" * (-len(shown) % 8)))
        await self.fills_in(code=phone.code())
        return phone

    async def adds_an_app_and_gets_codes(self) -> tuple[Phone, list[str]]:
        """The same as the first factor."""
        return await self.adds_an_app(), await self._keeps_the_codes()

    async def removes(self, factor: str) -> None:
        """Take the only factor of a kind away."""
        await self.opens("account/security")
        await self.presses("Remove", within=f"#{factor}")
        await expect(self.page.locator(f"#{factor}").get_by_role("button", name="Remove")).to_have_count(0)

    async def downloads_their_data(self) -> dict[str, Any]:
        """Everything that is kept of them."""
        await self.opens("account/data")
        async with self.page.expect_download() as waiting:
            await self.page.locator("#download").click()
        file = await (await waiting.value).path()
        document: dict[str, Any] = json.loads(await asyncio.to_thread(file.read_text))
        return document

    async def deletes_their_account(self) -> None:
        """Leave."""
        await self.opens("account/delete")
        await self.page.locator("#sure").check()
        await self.page.locator("#submit").click()
        await self.sees("erased after")

    async def _looks(self) -> None:
        if self._scripts:
            await is_well_made(self.page)

    async def _keeps_the_codes(self) -> list[str]:
        await expect(self.page.locator("#codes li")).to_have_count(10)
        await self._looks()
        codes = await self.page.locator("#codes li").all_inner_texts()
        await self.page.locator("#onward").click()
        return codes
