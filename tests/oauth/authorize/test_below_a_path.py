"""An issuer with a path: every page, cookie and link stands below it."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from oidc_server.settings.model import Settings
from tests.actors.browser import Browser, Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings

ISSUER = "https://id.example.com/auth"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """A server behind a proxy that hands on what is below /auth."""
    return make_settings(database_url, template.keys, issuer=ISSUER)


class Below(RelyingParty):
    """A client that has read in the metadata where the endpoints are."""

    def authorization_url(self, **changes: str | None) -> str:
        """Where it sends people."""
        return ISSUER + super().authorization_url(**changes)

    async def post(self, path: str, **values: str | None) -> httpx2.Response:
        """Send a form."""
        return await super().post(ISSUER + path, **values)


class AtOrigin(Browser):
    """A browser; the actor takes the issuer for the origin, which it is only without a path."""

    async def submit(self, page: Page, **values: str) -> Page:
        """Fill in the form of a page and send it."""
        headers = {"Origin": "https://id.example.com"}
        return await self._followed(
            await self.http.post(page.form.action, data={**page.form.fields, **values}, headers=headers)
        )


@pytest.fixture
async def alice(app: FastAPI) -> AsyncIterator[Person]:
    """Alice, at her browser."""
    browser = AtOrigin.within(app, ISSUER, "203.0.113.7")
    yield Person(browser)
    await browser.close()


async def test_people_sign_in_consent_and_sign_out_below_the_path(alice: Person, http: httpx2.AsyncClient) -> None:
    party = Below(http, "shop")
    page = await alice.visit(party)
    assert page.path == "/auth/login"

    asking = await alice.sign_in(page)
    assert asking.path == "/auth/consent"
    answer = party.answer(await alice.decide(asking))
    tokens = await party.redeem(answer.code)

    assert answer.parameters["iss"] == tokens.id_claims["iss"] == ISSUER
    assert party.answer(await alice.visit(party, prompt="none")).code
    done = await alice.browser.submit(await alice.browser.open(f"{ISSUER}/logout"))
    assert "signed out" in done.text
    assert (await alice.visit(party)).path == "/auth/login"


async def test_links_and_style_sheets_stand_below_the_path(alice: Person) -> None:
    page = await alice.browser.open(f"{ISSUER}/login")

    for attribute in page.response.text.split('href="')[1:] + page.response.text.split('src="')[1:]:
        assert attribute.startswith("/auth/"), attribute[:40]


async def test_posted_requests_go_on_below_the_path(alice: Person, http: httpx2.AsyncClient) -> None:
    party = Below(http, "shop")

    sent = await alice.browser.post(f"{ISSUER}/authorize", party.request())

    assert sent.response.headers["location"].startswith("/auth/authorize?interaction=")
