"""Visitors: what the session cookie is worth, in whose hands, and for how long."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts import deeds
from tests.actors.browser import Browser, Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings, running
from tests.factories import PASSWORD

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NAME = "__Host-oidc_session"


def cookie_of(person: Person) -> str:
    """The session cookie of a browser."""
    return str(person.browser.http.cookies[NAME])


def give(person: Person, cookie: str) -> None:
    """Put a session cookie into a browser."""
    person.browser.http.cookies.clear()
    person.browser.http.cookies.set(NAME, cookie, domain="id.example.com", path="/")


async def is_signed_in(person: Person) -> bool:
    """Whether somebody is signed in on this browser."""
    return "Nobody is signed in" not in (await person.browser.open("/")).text


def cookies_set_by(page: Page) -> dict[str, dict[str, str]]:
    """Each cookie that an answer sets, with its attributes in lower case."""
    found = {}
    for line in page.response.headers.get_list("set-cookie"):
        name, _, rest = line.partition("=")
        attributes = (part.strip().partition("=") for part in rest.split(";")[1:])
        found[name] = {key.lower(): value for key, _, value in attributes}
    return found


async def signed_in_answer(person: Person) -> Page:
    """The very answer that sets the session cookie."""
    page = await person.browser.open("/login")
    return await person.browser.post("/login", {**page.form.fields, "username": "alice", "password": PASSWORD})


@on_one_database
async def test_cookies_are_for_this_host_over_https_and_but_for_one_without_a_secret_for_no_script(
    person: Person,
) -> None:
    asked, signed_in = await person.browser.open("/login"), await signed_in_answer(person)

    usual = {"path": "/", "secure": "", "httponly": "", "samesite": "lax"}  # RFC 6265bis §4.1.3
    assert cookies_set_by(asked) == {"__Host-oidc_browser": usual}
    for_a_week = {**usual, "max-age": str(7 * 86400)}
    of_scripts = {name: value for name, value in for_a_week.items() if name != "httponly"} | {"samesite": "none"}
    for_long = {**usual, "max-age": str(400 * 86400)}
    assert cookies_set_by(signed_in) == {
        NAME: for_a_week,
        "__Host-oidc_known": for_long,
        "__Host-oidc_login_state": of_scripts,
    }


@on_one_database
async def test_cookies_stand_where_the_issuer_stands(database_url: str, template: Template) -> None:
    """Below a path, __Host- cannot be used: another application may own "/"."""
    for issuer, name, path in (
        ("https://id.example.com/auth", "__Secure-oidc_browser", "/auth"),
        ("http://localhost:8000", "oidc_browser", "/"),
    ):
        async with running(make_settings(database_url, template.keys, issuer=issuer)) as app:
            browser = Browser.within(app, issuer, "203.0.113.7")
            ((found, attributes),) = cookies_set_by(await browser.open(f"{issuer}/login")).items()
            await browser.close()

        assert found == name
        assert attributes["path"] == path
        assert ("secure" in attributes) == issuer.startswith("https")


async def test_nobody_continues_a_session_that_was_planted(people: Callable[..., Person]) -> None:
    eve, alice = people("bob"), people("alice")
    await eve.sign_in()
    planted = cookie_of(eve)
    give(alice, planted)

    await alice.sign_in()

    assert cookie_of(alice) != planted  # session fixation
    assert "Alice" in (await alice.browser.open("/")).text
    assert "Alice" not in (await eve.browser.open("/")).text


async def test_whoever_takes_over_a_browser_leaves_the_session_there_that_was_there(
    people: Callable[..., Person],
) -> None:
    shared, copy = people("alice"), people("alice")
    await shared.sign_in()
    give(copy, cookie_of(shared))
    shared.username = "bob"

    await shared.sign_in()

    assert "Bob" in (await shared.browser.open("/")).text
    assert "Alice" in (await copy.browser.open("/")).text
    await shared.sign_out(who="everybody")
    assert not await is_signed_in(copy)  # it can still be ended from there


async def test_a_fresh_sign_in_makes_the_old_cookie_worthless(people: Callable[..., Person]) -> None:
    alice, thief = people("alice"), people("alice")
    await alice.sign_in()
    give(thief, cookie_of(alice))
    assert await is_signed_in(thief)

    await alice.sign_in()

    assert await is_signed_in(alice)
    assert not await is_signed_in(thief)


async def test_an_idle_session_ends(person: Person, relying_party: RelyingParty, held_clock: HeldClock) -> None:
    await person.approve(relying_party)
    held_clock.move(timedelta(hours=12) - timedelta(seconds=1))
    assert await is_signed_in(person)

    held_clock.move(timedelta(seconds=1))

    assert not await is_signed_in(person)
    assert (await person.visit(relying_party)).path == "/login"


async def test_a_session_that_is_used_ends_a_week_after_the_sign_in(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    await person.approve(relying_party)
    for _ in range(14):
        held_clock.move(timedelta(hours=11, minutes=59))
        assert relying_party.answer(await person.visit(relying_party)).code

    held_clock.move(timedelta(minutes=14))

    assert (await person.visit(relying_party)).path == "/login"


async def test_a_fresh_sign_in_begins_the_week_anew(person: Person, held_clock: HeldClock) -> None:
    await person.sign_in()
    for _ in range(20):
        held_clock.move(timedelta(hours=11))
        await person.sign_in()

    assert await is_signed_in(person)


async def test_a_disabled_user_is_signed_in_nowhere(people: Callable[..., Person], house: House) -> None:
    at_home, at_work, bob = people("alice"), people("alice"), people("bob")
    for one in (at_home, at_work, bob):
        await one.sign_in()

    await deeds.disable(house, "alice")

    assert [await is_signed_in(one) for one in (at_home, at_work, bob)] == [False, False, True]


@on_one_database
async def test_a_forged_cookie_is_worth_nothing(person: Person, people: Callable[..., Person]) -> None:
    await person.sign_in()
    real = cookie_of(person)
    forger = people("bob")
    changed = [real[:n] + ("A" if real[n] != "A" else "B") + real[n + 1 :] for n in range(0, len(real), 7)]

    for forged in (*changed, real[:-1], real[1:], real + "A", real[: len(real) // 2], "x", "A" * 70, "A" * 5000):
        give(forger, forged)
        assert not await is_signed_in(forger)


@on_one_database
async def test_what_was_made_for_something_else_is_no_session(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    answer = await person.approve(relying_party)
    tokens = await relying_party.redeem(answer.code)
    session_id = tokens.id_claims["sid"].replace("-", "")
    other = house.sealing.stamp("refresh token", bytes.fromhex(session_id) + bytes(4))

    for text in (answer.code, tokens.refresh_token, tokens.access_token, other, session_id):
        give(person, text)
        assert not await is_signed_in(person)


@on_one_database
async def test_strange_cookie_headers_are_survived(browser: Browser) -> None:
    for header in ("=", ";;;", f"{NAME}", f'{NAME}="\\', f"{NAME}=%ff; {NAME}=x", "\xe4=\xf6", "x" * 8000):
        response = await browser.http.get("/", headers={b"Cookie": header.encode("latin-1")})

        assert response.status_code == 200, header


@on_one_database
async def test_a_sign_in_on_another_browser_is_another_session(people: Callable[..., Person]) -> None:
    at_home, at_work = people("alice"), people("alice")
    await at_home.sign_in()
    await at_work.sign_in()

    await at_work.sign_out()

    assert await is_signed_in(at_home)
    assert not await is_signed_in(at_work)


@pytest.fixture
def browser(people: Callable[..., Person]) -> Browser:
    """Somebody's browser."""
    return people().browser
