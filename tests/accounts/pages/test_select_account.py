"""The account chooser: who is shown, whom one may choose without a password, and what comes next."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests import factories
from tests.accounts import deeds
from tests.accounts.test_visitors import cookies_set_by
from tests.actors.browser import Browser, Page
from tests.actors.person import Person, accounts
from tests.oauth.deeds import events

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CURRENT, OTHERS = "__Host-oidc_session", "__Host-oidc_sessions"


async def family(person: Person, *names: str) -> Person:
    """Several people who sign in on one browser, one after the other; the last one acts."""
    for name in names:
        await Person(person.browser, name).sign_in()
    return person


async def acting(browser: Browser) -> str:
    """The name of whoever acts on this browser, by the start page."""
    found = re.search(r"<strong><bdi>(.*?)</bdi>", (await browser.open("/")).response.text)
    return found[1] if found else ""


async def chooser(browser: Browser) -> Page:
    """The account chooser, opened for its own sake."""
    return await browser.open("/select-account")


def others_cookie(browser: Browser) -> str:
    """The cookie that names everybody but the one who acts."""
    return browser.http.cookies.get(OTHERS) or ""


async def test_signing_in_as_another_keeps_the_first_and_switches(person: Person) -> None:
    await family(person, "alice", "bob")

    page = await chooser(person.browser)

    assert list(accounts(page)) == ["Bob", "Alice"]
    assert "bob@example.com" in page.text
    assert await acting(person.browser) == "Bob"


async def test_choosing_somebody_whose_session_lives_needs_no_password(person: Person, house: House) -> None:
    await family(person, "alice", "bob")

    done = await person.choose(await chooser(person.browser), "Alice")

    assert done.path == "/"
    assert await acting(person.browser) == "Alice"
    assert list(accounts(await chooser(person.browser))) == ["Alice", "Bob"]
    switched = [one for one in await events(house) if one.event == "person:session:switched"]
    assert [one.user_id for one in switched] == [(await deeds.user(house, "alice")).id]


@on_one_database
async def test_choosing_who_acts_already_is_no_switch(person: Person, house: House) -> None:
    await person.sign_in()

    await person.choose(await chooser(person.browser), "Alice")

    assert not any(one.event == "person:session:switched" for one in await events(house))


async def test_signing_in_again_renews_the_session_that_is_there(person: Person, people: Callable[..., Person]) -> None:
    await family(person, "alice", "bob")
    sessions, thief = accounts(await chooser(person.browser)), people("alice")
    thief.browser.http.cookies.set(OTHERS, others_cookie(person.browser), domain="id.example.com", path="/")
    assert list(accounts(await chooser(thief.browser))) == ["Alice"]

    await Person(person.browser, "alice").sign_in()

    assert accounts(await chooser(person.browser)) == sessions
    assert (await chooser(thief.browser)).path == "/login"  # a cookie of an earlier sign-in is worth nothing


async def test_the_sixth_ends_the_one_that_acted_longest_ago(
    person: Person, people: Callable[..., Person], house: House
) -> None:
    names = ["alice", "bob", "carol", "dave", "erin"]
    for name in [*names[2:], "frank"]:
        await factories.add_user(house, **factories.user(name))
    await person.sign_in()
    copy = people("alice")
    copy.browser.http.cookies.set(CURRENT, str(person.browser.http.cookies[CURRENT]), domain="id.example.com", path="/")
    await family(person, *names[1:])
    assert len(accounts(await chooser(person.browser))) == 5
    assert await acting(copy.browser) == "Alice"

    await family(person, "frank")

    assert list(accounts(await chooser(person.browser))) == ["Frank", "Erin", "Dave", "Carol", "Bob"]
    assert await acting(copy.browser) == ""
    assert len(others_cookie(person.browser)) < 400


@on_one_database
async def test_the_second_cookie_is_kept_as_safely_as_the_first(person: Person) -> None:
    await person.sign_in()
    page = await person.browser.open("/login")

    both = await person.browser.post("/login", {**page.form.fields, "username": "bob", "password": factories.PASSWORD})

    set_now = cookies_set_by(both)
    assert set_now[OTHERS] == set_now[CURRENT]
    assert {"httponly", "secure"} <= set(set_now[OTHERS])


@on_one_database
async def test_a_forged_cookie_names_nobody(person: Person) -> None:
    await family(person, "alice", "bob")
    real = others_cookie(person.browser)
    current = str(person.browser.http.cookies[CURRENT])

    for forged in (real[:-1], "x" + real[1:], ".", "..", "." * 9000, f"{current}.{current}", "\\", "A" * 70):
        person.browser.http.cookies.set(OTHERS, forged, domain="id.example.com", path="/")
        assert list(accounts(await chooser(person.browser))) == ["Bob"], forged[:50]
    many = ".".join([*["junk"] * 50, real])
    person.browser.http.cookies.set(OTHERS, many, domain="id.example.com", path="/")
    assert list(accounts(await chooser(person.browser))) == ["Bob"]


@on_one_database
async def test_a_session_of_another_browser_cannot_be_chosen(person: Person, people: Callable[..., Person]) -> None:
    elsewhere = people("bob")
    await elsewhere.sign_in()
    await person.sign_in()
    session = accounts(await chooser(elsewhere.browser))["Bob"]

    for chosen in (session, "x", "", "0" * 32):
        refused = await person.browser.submit(await chooser(person.browser), session=chosen)
        assert refused.status == 422
        assert "choose again" in refused.text
    assert await acting(person.browser) == "Alice"


@on_one_database
async def test_only_a_form_of_ours_chooses(person: Person, people: Callable[..., Person]) -> None:
    await family(person, "alice", "bob")
    page = await chooser(person.browser)
    fields = {**page.form.fields, "session": accounts(page)["Alice"]}

    for changed in ({**fields, "csrf_token": "x"}, {k: v for k, v in fields.items() if k != "csrf_token"}):
        assert (await person.browser.post("/select-account", changed)).status == 403
    assert (await person.browser.post("/select-account", fields, Origin="https://evil.example")).status == 403
    assert await acting(person.browser) == "Bob"


@on_one_database
async def test_who_was_idle_for_too_long_signs_in_again_with_the_name_filled_in(
    person: Person, held_clock: HeldClock
) -> None:
    await family(person, "alice")
    held_clock.move(timedelta(hours=11))
    await family(person, "bob")
    held_clock.move(timedelta(hours=2))

    page = await chooser(person.browser)
    login = await person.choose(page, "Alice")

    assert "Needs to sign in again" in page.text
    assert login.path == "/login"
    assert login.form.fields["username"] == "alice"
    assert (await person.sign_in(login)).path == "/"
    assert list(accounts(await chooser(person.browser))) == ["Alice", "Bob"]


@on_one_database
async def test_whose_session_ended_while_the_page_was_open_signs_in_again(
    person: Person, people: Callable[..., Person]
) -> None:
    await family(person, "alice", "bob")
    page, elsewhere = await chooser(person.browser), people("alice")
    await elsewhere.sign_in()
    sessions = await elsewhere.browser.open("/account/sessions")
    await elsewhere.browser.send(sessions.forms[-1], session="others")

    login = await person.choose(page, "Alice")

    assert login.path == "/login"
    assert login.form.fields["username"] == "alice"
    assert list(accounts(await chooser(person.browser))) == ["Bob"]


@on_one_database
async def test_who_is_idle_leaves_the_browser_when_others_sign_in(
    person: Person, people: Callable[..., Person], held_clock: HeldClock, house: House
) -> None:
    await family(person, "alice")
    held_clock.move(timedelta(hours=13))

    await family(person, "bob")

    assert others_cookie(person.browser) == ""
    ended = [one for one in await events(house) if one.event == "person:session:ended"]
    assert len(ended) == 1  # nobody could sign out of that session any more


@on_one_database
async def test_a_disabled_user_is_shown_to_nobody(person: Person, house: House) -> None:
    await family(person, "alice", "bob")
    page = await chooser(person.browser)
    await deeds.disable(house, "alice")

    assert list(accounts(await chooser(person.browser))) == ["Bob"]
    assert (await person.choose(page, "Alice")).status == 422


@on_one_database
async def test_where_nobody_is_signed_in_there_is_the_login_page(person: Person) -> None:
    assert (await chooser(person.browser)).path == "/login"


@on_one_database
async def test_one_account_more_is_one_sign_in_away(person: Person) -> None:
    await person.sign_in()

    login = await person.choose_another(await chooser(person.browser))

    assert login.path == "/login"
    assert login.form.fields["username"] == ""


@on_one_database
async def test_signing_out_of_one_comes_back_to_the_others(person: Person) -> None:
    await family(person, "alice", "bob")
    page = await chooser(person.browser)
    link = f"/logout?session={accounts(page)['Alice']}"

    asked = await person.browser.open(link)
    assert "Alice" in asked.text
    back = await person.browser.submit(asked)

    assert list(accounts(back)) == ["Bob"]
    assert await acting(person.browser) == "Bob"


@on_one_database
async def test_a_persons_own_pages_ask_who_one_is_where_nobody_acts(person: Person) -> None:
    await family(person, "alice", "bob")
    await person.sign_out()

    page = await person.browser.open("/account")
    own = await person.choose(page, "Alice")

    assert own.path == "/account"


@on_one_database
async def test_who_deletes_their_account_leaves_the_others_signed_in(person: Person) -> None:
    await family(person, "alice", "bob")

    page = await person.browser.open("/account/delete")
    await person.browser.submit(page, sure="yes")

    assert await acting(person.browser) == ""
    assert list(accounts(await chooser(person.browser))) == ["Alice"]


@on_one_database
async def test_names_are_text_only(person: Person, house: House) -> None:
    await factories.add_user(house, **factories.user("alice", name="<script>alert(1)</script>"))
    await person.sign_in()

    page = await chooser(person.browser)

    assert "<script" not in page.response.text
    assert page.response.headers["cache-control"] == "no-store"


@on_one_database
async def test_what_is_chosen_at_once_by_many_is_one_choice(person: Person, house: House) -> None:
    await family(person, "alice", "bob")
    page = await chooser(person.browser)
    fields = {**page.form.fields, "session": accounts(page)["Alice"]}

    answers = await asyncio.gather(*(person.browser.post("/select-account", fields) for _ in range(20)))

    assert {answer.status for answer in answers} == {303}
    assert list(accounts(await chooser(person.browser))) == ["Alice", "Bob"]
