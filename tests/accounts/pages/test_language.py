"""Choosing a language: at the foot of each page, without leaving it."""

import re
from html import unescape

import httpx2
import pytest

from oidc_server.foundation.sealing import Sealing
from oidc_server.house import House
from oidc_server.sessions import interaction as interactions
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def return_to(page: Page) -> str:
    """Where the switcher on this page leads back to."""
    found = re.search(r'name="return_to" value="([^"]*)"', page.response.text)
    assert found, page.text
    return unescape(found[1])


async def choose(person: Person, page: Page, language: str = "en") -> httpx2.Response:
    """Press one of its buttons."""
    return await person.browser.http.post("/language", data={"language": language, "return_to": return_to(page)})


def wish(sealing: Sealing, location: str) -> str | None:
    """What the client still wishes in the interaction that an address holds."""
    sealed = httpx2.URL(location).params["interaction"]
    return interactions.unseal(sealing, sealed).parameters.get("ui_locales")


async def test_the_choice_is_remembered_and_leads_back(person: Person) -> None:
    page = await person.browser.open("/login")

    answer = await choose(person, page)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/login"
    assert "oidc_language=en;" in answer.headers["set-cookie"]
    assert "Max-Age=31536000" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/login\r\nSet-Cookie: a=b",
        "/\u00fc",
        "",
    ],
)
async def test_nobody_is_led_to_another_site(person: Person, address: str) -> None:
    answer = await person.browser.http.post("/language", data={"language": "en", "return_to": address})

    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("language", ["", "xx", "../en", "EN"])
async def test_a_language_that_there_is_not_is_refused(person: Person, language: str) -> None:
    answer = await person.browser.http.post("/language", data={"language": language, "return_to": "/login"})

    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


async def test_what_waits_goes_on_waiting(person: Person, relying_party: RelyingParty) -> None:
    login = await person.visit(relying_party, ui_locales="de")
    again = await person.sign_in(login, password="wrong")

    for page in (login, again):
        back = (await choose(person, page)).headers["location"]
        shown = await person.browser.open(back)

        assert shown.path == "/login"
        assert shown.form.fields["interaction"]


async def test_the_choice_overrides_what_the_client_wished(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    login = await person.visit(relying_party, ui_locales="de")
    assert wish(house.sealing, return_to(login)) == "de"

    back = (await choose(person, login)).headers["location"]

    assert wish(house.sealing, back) is None
    assert (await person.approve(relying_party)).code


async def test_every_page_says_its_language(person: Person) -> None:
    for path in ("/", "/login", "/device", "/logout", "/nothing"):
        page = await person.browser.open(path)

        assert page.response.headers["content-language"] == "en"
        assert page.response.headers["vary"] == "Accept-Language, Cookie"
        assert '<html lang="en" dir="ltr">' in page.response.text
