"""A client's look: on every page that is shown on the way to it, on no other, and never without whose login it is."""

import re
from pathlib import Path

import httpx2
import pytest

from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.actors.browser import Page
from tests.actors.device import Device
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.factories import DEVICE_CODE
from tests.foundation.web.test_branding import PNG, SVG
from tests.oauth import deeds

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

LOOK = {"name": "Shop & Co", "logo": "shop.png", "accent": "#7A1FA2", "accent_dark": "#d9a6ff"}
OWN = '{% extends "base.html" %}{% block heading %}Only the shop{% endblock %}'


@pytest.fixture
def settings(database_url: str, template: Template, tmp_path: Path) -> Settings:
    """A folder with logos for clients, and one with templates."""
    (tmp_path / "logos").mkdir()
    (tmp_path / "logos" / "shop.png").write_bytes(PNG)
    (tmp_path / "logos" / "spare.svg").write_text(SVG.format("<title>Spare</title>"))
    (tmp_path / "logos" / "README").write_text("no logo")
    (tmp_path / "templates" / "clients" / "spa" / "accounts").mkdir(parents=True)
    (tmp_path / "templates" / "clients" / "spa" / "accounts" / "login.html").write_text(OWN)
    branding = {"product_name": "Acme", "logos_dir": tmp_path / "logos", "templates_dir": tmp_path / "templates"}
    return make_settings(database_url, template.keys, branding=branding, sign_up={"mode": "open"})


@pytest.fixture
async def shop(house: House, relying_party: RelyingParty) -> RelyingParty:
    """A client with a look of its own."""
    await deeds.change_client(house, "shop", branding=LOOK)
    return relying_party


def wears_it(page: Page) -> bool:
    """Whether a page is in the shop's look, all of it; or in none of it."""
    html = page.response.text
    signs = {
        "· Shop &amp; Co</title>" in html,
        'alt="Shop &amp; Co"' in html,
        re.search(r"/assets/logo-shop\.[\w-]+\.png", html) is not None,
        re.search(r"/assets/brand-7a1fa2-d9a6ff\.[\w-]+\.css", html) is not None,
        "Sign-in by Acme" in html,
    }
    assert len(signs) == 1, html
    return signs.pop()


async def test_the_pages_on_the_way_to_a_client_wear_its_look(shop: RelyingParty, person: Person) -> None:
    login = await person.visit(shop)
    wrong = await person.sign_in(login, password="wrong")
    links = re.findall(r'href="(/(?:signup|forgot-password)\?[^"]*)"', login.response.text)
    consent = await person.sign_in(login)
    chooser = await person.visit(shop, prompt="select_account")

    assert [len(links), login.path, consent.path, chooser.path] == [2, "/login", "/consent", "/select-account"]
    for page in (login, wrong, consent, chooser, *[await person.browser.open(link) for link in links]):
        assert wears_it(page), page.path
        assert 'class="tile"' not in page.response.text


async def test_the_second_factor_too(shop: RelyingParty, person: Person) -> None:
    await person.sign_in()
    await person.add_authenticator()

    asked = await person.visit(shop, acr_values="2", claims='{"id_token":{"acr":{"essential":true,"values":["2"]}}}')
    if asked.path.endswith("/login"):
        asked = await person.sign_in(asked)

    assert wears_it(asked), asked.path


async def test_who_forgot_their_password_on_the_way_finds_back(shop: RelyingParty, person: Person) -> None:
    login = await person.visit(shop)
    (link,) = re.findall(r'href="(/forgot-password\?[^"]*)"', login.response.text)

    sent = await person.browser.submit(await person.browser.open(link), username="alice")
    (back,) = re.findall(r'class="button" href="(/login\?[^"]*)"', sent.response.text)

    assert wears_it(sent)
    assert (await person.sign_in(await person.browser.open(back))).path == "/consent"


async def test_errors_of_its_requests_and_its_logout_too(shop: RelyingParty, person: Person) -> None:
    refused = await person.visit(shop, redirect_uri="https://evil.example.com/")
    tokens = await shop.redeem((await person.approve(shop)).code)
    assert tokens.id_token
    asked = await person.browser.open(f"/logout?client_id={shop.client_id}")
    gone = await person.browser.submit(asked)

    assert refused.status == 400
    assert "asks you to sign out" in asked.text
    for page in (refused, asked, gone):
        assert wears_it(page), page.path


async def test_a_device_s_question_too(house: House, device: Device, person: Person) -> None:
    members = {"grant_types": [DEVICE_CODE], "redirect_uris": [], "post_logout_redirect_uris": [], "branding": LOOK}
    await factories.add_client(house, **factories.public_client("tv", **members))
    await deeds.notice(house)
    begun = await device.begin()
    await person.sign_in()

    entered = await person.browser.submit(await person.browser.open("/device"), user_code=begun.user_code)
    done = await person.browser.submit(entered, decision="allow")

    assert wears_it(entered)
    assert wears_it(done)


async def test_pages_for_no_client_or_another_wear_the_server_s(
    shop: RelyingParty, person: Person, http: httpx2.AsyncClient
) -> None:
    await person.approve(shop)

    for address in ("/", "/account", "/account/security", "/device", "/select-account", "/logout", "/nothing"):
        page = await person.browser.open(address)
        assert not wears_it(page), address
        assert "· Acme</title>" in page.response.text
    assert not wears_it(await person.visit(RelyingParty(http, "pair"), prompt="login"))


async def test_a_part_of_a_look_leaves_the_rest_as_it_is(
    house: House, relying_party: RelyingParty, person: Person
) -> None:
    await deeds.change_client(
        house, "shop", branding={"accent": "#7a1fa2", "accent_dark": "#d9a6ff"}, **{"client_name#de": "Laden"}
    )

    english = (await person.visit(relying_party)).response.text
    german = (await person.visit(relying_party, ui_locales="de")).response.text

    assert "· Shop</title>" in english
    assert "· Laden</title>" in german
    assert 'class="tile"' in english
    assert "/assets/mark." in english
    assert "/assets/brand-7a1fa2-d9a6ff." in english


async def test_what_is_served_of_it_is_told_by_its_content_and_nothing_else_is(
    shop: RelyingParty, person: Person, http: httpx2.AsyncClient
) -> None:
    page = (await person.visit(shop)).response.text
    (logo,) = set(re.findall(r"/assets/logo-shop\.[\w-]+\.png", page))
    (css,) = re.findall(r"/assets/brand-[\w.-]+\.css", page)

    picture, style = await http.get(logo), await http.get(css)

    assert (picture.content, picture.headers["content-type"]) == (PNG, "image/png")
    assert "--accent: #7a1fa2" in style.text
    assert "immutable" in style.headers["cache-control"]
    version = css.split(".")[1]
    for name in (
        f"brand-7a1fa2-d9a6fe.{version}.css",
        f"brand-ffcc00-d9a6ff.{version}.css",
        "brand-7a1fa2-d9a6ff.css",
        f"brand-7a1fa2-d9a6ff;.{version}.css",
        "logo-shop.png",
        f"logo-shop.{version}.png",
        "shop.png",
        "README",
    ):
        assert (await http.get(f"/assets/{name}")).status_code == 404, name


async def test_a_client_s_own_templates_are_for_it_alone(person: Person, spa: RelyingParty, shop: RelyingParty) -> None:
    assert "<h1>Only the shop</h1>" in (await person.visit(spa)).response.text
    assert "<h1>Sign in</h1>" in (await person.visit(shop)).response.text
    assert "<h1>Sign in</h1>" in (await person.browser.open("/login")).response.text
