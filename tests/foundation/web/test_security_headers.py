"""Security headers: on every page, on every redirect, on every answer to a program."""

import re
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest

from oidc_server.accounts import first_administrator
from oidc_server.house import House
from tests.actors.browser import Browser
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Visit = Callable[[Person, RelyingParty, House], AsyncIterator[httpx2.Response]]


async def pages_of(person: Person, party: RelyingParty, house: House) -> list[httpx2.Response]:
    """Every hosted page, with what it looks like when something is wrong."""
    link = f"/first-administrator?token={first_administrator.mint(house.sealing)}"
    login = await person.visit(party)
    wrong = await person.sign_in(login, "wrong")
    forged = await person.browser.post("/login", {"username": "alice", "password": "x"})
    consent = await person.sign_in(login)
    found = [login, wrong, forged, consent, await person.browser.post("/consent", consent.form.fields)]
    for path in (
        "/",
        "/login",
        "/logout",
        link,
        "/first-administrator",
        "/authorize",
        "/consent",
        "/nothing",
        "/playground",
    ):
        found.append(await person.browser.open(path))
    found.append(await person.sign_out())
    return [page.response for page in found]


def directives(response: httpx2.Response) -> dict[str, list[str]]:
    """The parts of a Content-Security-Policy."""
    parts = (part.split() for part in response.headers["content-security-policy"].split(";"))
    return {name: sources for name, *sources in parts}


async def test_every_page_is_locked_down(person: Person, relying_party: RelyingParty, house: House) -> None:
    pages = await pages_of(person, relying_party, house)

    assert {page.status_code for page in pages} >= {200, 400, 403, 404, 410, 422}
    for page in pages:
        policy = directives(page)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert policy["default-src"] == ["'none'"]
        assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
        assert not re.search(r"unsafe|\*|https?:", page.headers["content-security-policy"])
        assert page.headers["x-frame-options"] == "DENY"  # RFC 9700 §4.16, RFC 6749 §10.13, Core §3.1.2.3
        assert page.headers["cache-control"] == "no-store"


async def test_every_answer_is_locked_down(
    person: Person, relying_party: RelyingParty, house: House, http: httpx2.AsyncClient
) -> None:
    answers = await pages_of(person, relying_party, house)
    answers.append(await http.get(relying_party.authorization_url()))
    answers.append(await http.get(relying_party.authorization_url(prompt="none")))
    answers.append(await http.post("/token"))
    answers.append(await http.post("/login", content=b"x" * 100_000))
    for path in (
        "/.well-known/openid-configuration",
        "/jwks",
        "/userinfo",
        "/health",
        "/metrics",
        "/assets/x",
        "/nothing",
    ):
        answers.append(await http.get(path))

    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff", answer.url
        assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer"), answer.url
        assert answer.headers["strict-transport-security"].startswith("max-age="), answer.url
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], answer.url
        assert answer.headers["x-request-id"], answer.url
        assert not {"server", "x-powered-by"} & set(answer.headers), answer.url


async def test_no_page_holds_an_inline_script_or_style(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    for page in await pages_of(person, relying_party, house):
        if "playground" not in str(page.url):
            text = re.sub(r'<script type="module" src="/assets/[^"]*"></script>', "", page.text)
            assert not re.search(r"<script|\son\w+=|\sstyle=|<style|javascript:", text, re.IGNORECASE), page.url


async def test_nothing_on_a_page_comes_from_elsewhere(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    for page in await pages_of(person, relying_party, house):
        loaded = re.findall(r'<(?:link|img|script|iframe)\b[^>]*?(?:href|src)="([^"]+)"', page.text)
        assert all(url.startswith("/assets/") for url in loaded), page.url


async def test_the_error_page_explains_itself_to_developers_only(database_url: str, template: Template) -> None:
    explained = []
    for development in (True, False):
        password = {"bcrypt_rounds": 10, "workers": 2}
        settings = make_settings(database_url, template.keys, development=development, password=password)
        async with running(settings) as app:
            browser = Browser.within(app, settings.issuer, "203.0.113.7")
            page = await browser.open("/authorize", client_id="shop", redirect_uri="https://evil.example/x")
            explained.append("https://shop.example.com/callback" in page.text)
            assert page.ids["oauth-error"].strip()
            await browser.close()

    assert explained == [True, False]
