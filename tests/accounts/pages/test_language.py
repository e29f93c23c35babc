"""Choosing a language: at the foot of each page, without leaving it."""

import asyncio
import re
from collections.abc import Callable
from html import unescape

import httpx2
import pytest

from oidc_server.app import create_app
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.sealing import Sealing
from oidc_server.house import House
from oidc_server.sessions import interaction as interactions
from oidc_server.settings.model import Settings
from oidc_server.settings.pages import PagesSettings
from tests import factories
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.oauth import deeds

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


GERMAN, FRENCH, ARABIC, ENGLISH = "Anmelden", "Se connecter", "تسجيل الدخول", "Sign in"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", GERMAN),
        ("fr;q=0.1", FRENCH),
        ("it, ar", ARABIC),
        ("it", ENGLISH),
        ("de;q=x", ENGLISH),
    ],
)
async def test_a_browser_says_what_its_person_reads(person: Person, header: str, words: str) -> None:
    page = Page(await person.browser.http.get("/login", headers={"Accept-Language": header}))

    assert f"<h1>{words}</h1>" in page.response.text


async def test_the_client_s_wish_comes_before_the_choice_and_the_choice_before_the_browser(
    person: Person, relying_party: RelyingParty
) -> None:
    person.browser.http.headers["Accept-Language"] = "ja"
    await choose(person, await person.browser.open("/"), "fr")

    of_its_own = await person.browser.open("/login")
    wished = await person.visit(relying_party, ui_locales="it de-CH en")  # OpenID Connect Core §3.1.2.1
    again = await person.sign_in(wished, password="wrong")
    consent = await person.sign_in(again)

    assert FRENCH in of_its_own.text
    assert GERMAN in wished.text
    assert "Benutzername oder Passwort ist falsch." in again.ids["problem"]
    assert "Wissen, wer Sie sind" in consent.text
    assert consent.response.headers["content-language"] == "de"


async def test_a_signed_in_person_s_locale_comes_before_their_browser(person: Person, house: House) -> None:
    await factories.add_user(house, **factories.user("alice", locale="es-MX"))
    person.browser.http.headers["Accept-Language"] = "ja"

    before = await person.browser.open("/")
    await person.sign_in()
    after = await person.browser.open("/")

    assert before.response.headers["content-language"] == "ja"
    assert after.response.headers["content-language"] == "es"


async def test_refusals_are_told_in_the_wished_language_and_logged_in_english(
    person: Person, relying_party: RelyingParty
) -> None:
    page = await person.visit(relying_party, client_id="nobody", ui_locales="de")

    assert "ist nicht bekannt" in page.ids["oauth-error"]


async def test_programs_are_told_everything_in_english(person: Person) -> None:
    answer = await person.browser.http.get("/nothing", headers={"Accept": "application/json", "Accept-Language": "de"})

    assert answer.json()["detail"] == "There is no page at this address."


async def test_one_person_s_language_is_not_another_s(people: Callable[..., Person]) -> None:
    async def read(header: str, words: str) -> None:
        mine = people(address=f"203.0.113.{len(header)}")
        for _ in range(5):
            answer = await mine.browser.http.get("/login", headers={"Accept-Language": header})
            assert f"<h1>{words}</h1>" in answer.text

    await asyncio.gather(*(read(*one) for one in (("de", GERMAN), ("fr-FR", FRENCH), ("ar", ARABIC), ("en", ENGLISH))))


async def test_arabic_is_written_from_right_to_left(person: Person) -> None:
    answer = await person.browser.http.get("/login", headers={"Accept-Language": "ar"})

    assert '<html lang="ar" dir="rtl">' in answer.text


async def test_a_client_is_shown_in_the_language_of_the_page(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    members = {
        "client_name": "Shop",
        "client_name#DE": "Laden",
        "client_name#fr-CA": "Magasin",
        "policy_uri": "https://shop.example.com/policy",
        "policy_uri#de": "https://shop.example.com/datenschutz",
    }
    await deeds.change_client(house, "shop", **members)  # RFC 7591 §2.2

    german, french, other = [await person.visit(relying_party, ui_locales=tag) for tag in ("de", "fr", "es")]

    assert "Laden" in german.text
    assert "/datenschutz" in german.response.text
    assert "Magasin" in french.text
    assert "/policy" in french.response.text
    assert "Shop" in other.text


async def test_the_metadata_name_the_languages(http: httpx2.AsyncClient) -> None:
    metadata = (await http.get("/.well-known/openid-configuration")).json()

    assert metadata["ui_locales_supported"] == ["en", "ar", "de", "es", "fr", "ja"]  # OpenID Connect Discovery §3


async def test_a_default_language_that_there_is_not_is_refused_at_start(settings: Settings) -> None:
    with pytest.raises(Misconfigured, match=r"OIDC_PAGES_LANGUAGE is 'xx', expected one of: en, "):
        create_app(settings.model_copy(update={"pages": PagesSettings(language="xx")}))
