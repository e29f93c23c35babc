"""A person: has a browser, a name and a password, and does what pages ask."""

import re
from html import unescape

from tests.actors.authenticator import Authenticator
from tests.actors.browser import Browser, Form, Page
from tests.actors.phone import Phone
from tests.actors.relying_party import Answer, RelyingParty
from tests.factories import PASSWORD


class Person:
    """Somebody at a browser."""

    def __init__(self, browser: Browser, username: str = "alice") -> None:
        self.browser = browser
        self.username = username

    async def visit(self, relying_party: RelyingParty, **changes: str | None) -> Page:
        """Be sent to log in, and see what comes."""
        return await self.browser.open(relying_party.authorization_url(**changes))

    async def sign_in(self, page: Page | None = None, password: str = PASSWORD) -> Page:
        """Fill in the login form."""
        page = page or await self.browser.open("/login")
        assert "password" in page.form.fields, page.text
        return await self.browser.submit(page, username=self.username, password=password)

    async def prove(self, page: Page, code: str, **others: str) -> Page:
        """Enter a code on the page of the second factor."""
        assert page.path.endswith("/login/second-factor"), f"{page.path}: {page.text[:300]}"
        return await self.browser.submit(page, code=code, **others)

    async def use_passkey(self, authenticator: Authenticator, page: Page | None = None) -> Page:
        """Press the button on the login page."""
        page = page or await self.browser.open("/login")
        fields = {**page.form.fields, "credential": authenticator.answer(page)}
        form = Form(f"{self.browser.issuer}/login/passkey", fields)
        return await self.browser.send(form)

    async def add_authenticator(self) -> tuple[Phone, list[str]]:
        """Add an authenticator app on one's own pages; the phone, and the recovery codes that were shown."""
        page = await self.browser.open("/account/security/authenticator")
        phone = Phone.reading(page)
        shown = await self.browser.submit(page, code=phone.code())
        return phone, shown.ids.get("codes", "").split()

    async def add_passkey(self, name: str = "my phone") -> Authenticator:
        """Add a passkey on one's own pages."""
        authenticator = Authenticator()
        page = await self.browser.open("/account/security/passkeys")
        await self.browser.submit(page, name=name, credential=authenticator.create(page))
        return authenticator

    async def choose(self, page: Page, name: str) -> Page:
        """Choose an account in the account chooser."""
        return await self.browser.submit(page, session=accounts(page)[name])

    async def choose_another(self, page: Page) -> Page:
        """Want to sign in as somebody whom the account chooser doesn't show."""
        (link,) = re.findall(r'id="another" href="([^"]*)"', page.response.text)
        return await self.browser.open(unescape(link))

    async def decide(self, page: Page, decision: str = "allow") -> Page:
        """Answer the consent page."""
        assert page.path.endswith("/consent"), f"{page.path}: {page.text[:300]}"
        return await self.browser.submit(page, decision=decision)

    async def approve(self, relying_party: RelyingParty, **changes: str | None) -> Answer:
        """Do whatever is asked until the client has its answer."""
        page = await self.visit(relying_party, **changes)
        if page.path.endswith("/login"):
            page = await self.sign_in(page)
        if page.path.endswith("/consent"):
            page = await self.decide(page)
        return relying_party.answer(page)

    async def refuse(self, relying_party: RelyingParty, **changes: str | None) -> Answer:
        """Sign in if asked, and say no."""
        page = await self.visit(relying_party, **changes)
        if page.path.endswith("/login"):
            page = await self.sign_in(page)
        return relying_party.answer(await self.decide(page, "deny"))

    async def enter(self, user_code: str) -> Page:
        """Type the code that a device shows."""
        page = await self.browser.open("/device")
        return await self.browser.submit(page, user_code=user_code)

    async def decide_about_device(self, user_code: str, decision: str = "allow") -> Page:
        """Enter a device's code, sign in if asked, and say yes or no."""
        page = await self.enter(user_code)
        if page.path.endswith("/login"):
            page = await self.sign_in(page)
        assert page.path.endswith("/device/confirm"), f"{page.path}: {page.text[:300]}"
        return await self.browser.submit(page, decision=decision)

    async def sign_out(self, **values: str) -> Page:
        """Go and sign out."""
        return await self.browser.submit(await self.browser.open("/logout"), **values)


def accounts(page: Page) -> dict[str, str]:
    """Whom the account chooser shows: the name, and the session that it stands for."""
    assert page.path.endswith("/select-account"), f"{page.path}: {page.text[:300]}"
    found = re.findall(r'name="session" value="([0-9a-f]{32})".*?<bdi>([^<]*)</bdi>', page.response.text, re.DOTALL)
    return {name: session for session, name in found}
