"""The one-time link: it makes one administrator, once, for whoever holds it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.accounts import directory, first_administrator
from oidc_server.accounts.models import User
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests import factories
from tests.accounts import deeds
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.foundation.web.logbook import Logbook

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PASSWORD = "a very good password"


@pytest.fixture
def link(house: House) -> str:
    """The link that a new server prints."""
    return f"/first-administrator?token={first_administrator.mint(house.sealing)}"


async def administrators(house: House) -> list[str]:
    """The names of all administrators."""

    def read(session: Session) -> list[str]:
        return [user.username for user in session.scalars(select(User)) if directory.ADMINISTRATOR in user.roles]

    return await deeds.in_transaction(house, read)


async def fill_in(person: Person, link: str, username: str = "root", password: str = PASSWORD) -> Page:
    """Open the link and fill in its form."""
    return await person.browser.submit(await person.browser.open(link), username=username, password=password)


def assert_dead(page: Page) -> None:
    assert page.status == 410
    assert page.ids["oauth-error"].strip()
    assert not page.forms


async def test_the_link_makes_an_administrator_who_can_sign_in(person: Person, link: str, house: House) -> None:
    page = await fill_in(person, link)

    assert page.path == "/login"
    assert await administrators(house) == ["root"]
    person.username = "root"
    assert (await person.sign_in(page, PASSWORD)).path == "/"


async def test_the_link_works_once(person: Person, link: str, house: House) -> None:
    form = await person.browser.open(link)
    await fill_in(person, link)

    assert_dead(await person.browser.open(link))
    assert_dead(await person.browser.submit(form, username="second", password=PASSWORD))
    assert await administrators(house) == ["root"]


async def test_another_link_does_not_help_either(person: Person, link: str, house: House) -> None:
    await fill_in(person, link)

    assert_dead(await person.browser.open(f"/first-administrator?token={first_administrator.mint(house.sealing)}"))


async def test_of_fifty_who_hurry_one_is_made(people: Callable[..., Person], link: str, house: House) -> None:
    page = await people().browser.open(link)
    one = people()
    one.browser.http.cookies.update(page.response.cookies)
    forms = [{**page.form.fields, "username": f"root{number}", "password": PASSWORD} for number in range(50)]

    answers = await asyncio.gather(*(one.browser.http.post(link, data=form) for form in forms))

    assert {answer.status_code for answer in answers} <= {303, 410, 503}
    assert sum(answer.status_code == 303 for answer in answers) == 1
    assert len(await administrators(house)) == 1


async def test_the_link_expires_after_a_day(person: Person, link: str, held_clock: HeldClock, house: House) -> None:
    form = await person.browser.open(link)
    held_clock.move(timedelta(hours=24))

    assert_dead(await person.browser.open(link))
    assert_dead(await person.browser.submit(form, username="root", password=PASSWORD))
    assert await administrators(house) == []


@pytest.mark.parametrize("already_there", [True, False])
async def test_the_link_is_dead_once_there_is_an_administrator_by_other_means(
    person: Person, link: str, house: House, already_there: bool
) -> None:
    form = await person.browser.open(link)
    name = "alice" if already_there else "operator"
    await factories.add_user(house, **factories.user(name, roles=["admin"]))

    assert_dead(await person.browser.open(link))
    assert_dead(await person.browser.submit(form, username="root", password=PASSWORD))
    assert await administrators(house) == [name]


async def test_a_former_administrator_does_not_bring_the_link_back(person: Person, link: str, house: House) -> None:
    await factories.add_user(house, **factories.user("alice", roles=["admin"]))
    await factories.add_user(house, **factories.user("alice"))

    assert_dead(await person.browser.open(link))


@pytest.mark.parametrize("token", ["", "x", "A" * 100, "ä", "%00", "%ff", "&token=x"])
@on_one_database
async def test_a_link_that_was_never_ours_is_dead(person: Person, token: str) -> None:
    assert_dead(await person.browser.open(f"/first-administrator?token={token}"))
    assert_dead(await person.browser.open("/first-administrator"))


@on_one_database
async def test_what_was_sealed_for_something_else_is_no_link(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    interaction = (await person.visit(relying_party)).form.fields["interaction"]

    for token in (interaction, house.sealing.seal_json("logout", {"expires_at": 2**40})):
        assert_dead(await person.browser.open(f"/first-administrator?token={token}"))


@pytest.mark.parametrize("value", [{}, [], None, "x", 1])
@on_one_database
async def test_a_link_of_another_release_is_dead_not_broken(person: Person, house: House, value: object) -> None:
    token = house.sealing.seal_json("first administrator", value)

    assert_dead(await person.browser.open(f"/first-administrator?token={token}"))


@pytest.mark.parametrize("password", ["", "short", "x" * 7, "password1", "x" * 1025])
@on_one_database
async def test_a_weak_password_is_refused_with_a_reason(person: Person, link: str, house: House, password: str) -> None:
    again = await fill_in(person, link, password=password)

    assert again.status == 422
    assert again.ids["problem"].startswith("This password is too")
    assert "At least 8 characters" in again.text
    assert again.form.fields["username"] == "root"
    assert again.form.fields["password"] == ""
    assert await administrators(house) == []
    assert (await person.browser.submit(again, username="root", password=PASSWORD)).path == "/login"


@pytest.mark.parametrize(
    "username", ["", " ", " root", "ro\u200bot", "root@example.com", "root\uff20example.com", "x" * 300]
)
async def test_a_name_that_cannot_be_is_refused_with_a_reason(
    person: Person, link: str, house: House, username: str
) -> None:
    again = await fill_in(person, link, username=username)

    assert again.status == 422
    assert "The user name" in again.ids["problem"]
    assert await administrators(house) == []


@pytest.mark.parametrize("username", ["alice", "ALICE", "\uff41lice"])
async def test_a_name_that_is_taken_does_not_use_the_link_up(
    person: Person, link: str, house: House, username: str
) -> None:
    again = await fill_in(person, link, username=username)

    assert again.status == 422
    assert "taken" in again.text
    assert await administrators(house) == []
    assert (await person.browser.submit(again, username="root", password=PASSWORD)).path == "/login"
    assert await administrators(house) == ["root"]


@on_one_database
async def test_the_form_of_another_browser_is_not_believed(
    people: Callable[..., Person], link: str, house: House
) -> None:
    mine, hers = await people().browser.open(link), people()
    await hers.browser.open("/login")

    refused = await hers.browser.submit(mine, username="root", password=PASSWORD)

    assert refused.status == 403
    assert await administrators(house) == []
    assert (await hers.browser.submit(refused, username="root", password=PASSWORD)).path == "/login"


@on_one_database
async def test_the_link_stands_in_no_log(person: Person, link: str, logbook: Logbook) -> None:
    await fill_in(person, link)

    assert logbook.lines("request")
    assert link.partition("token=")[2] not in logbook.text


@on_one_database
async def test_the_link_is_sent_to_no_other_site(person: Person, link: str) -> None:
    page = await person.browser.open(link)

    assert page.response.headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert page.response.headers["cache-control"] == "no-store"
