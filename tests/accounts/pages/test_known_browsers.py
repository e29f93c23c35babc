"""Known browsers: no stranger locks an owner out, and owners hear of browsers that they never used."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.requests import Request

from oidc_server.accounts.pages.known_browsers import KnownBrowsers
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts import factor_deeds, post
from tests.actors.person import Person
from tests.factories import PASSWORD

SUBJECT = "new browser"
NEW = "seven purple walruses"


async def fail(person: Person, username: str, times: int) -> int:
    """Try wrong passwords; the last status."""
    status = 0
    for _ in range(times):
        page = await person.browser.open("/login")
        status = (await person.browser.submit(page, username=username, password="wrong")).status
    return status


async def test_no_stranger_locks_an_owner_out_where_they_have_signed_in_before(
    person: Person, people: Callable[..., Person]
) -> None:
    await person.sign_in()
    await person.sign_out()
    stranger = people("alice", address="198.51.100.77")
    assert await fail(stranger, "alice", 11) == 429

    assert (await person.sign_in()).path == "/"
    assert (await people("alice").sign_in()).status == 429


async def test_guesses_on_a_known_browser_have_their_limit_too(person: Person) -> None:
    await person.sign_in()
    await person.sign_out()
    assert await fail(person, "alice", 10) == 422
    assert await fail(person, "alice", 1) == 429


async def fail_second(person: Person, times: int) -> int:
    """Sign in with the password and type wrong codes; the last status."""
    page = await person.sign_in()
    for _ in range(times):
        page = await person.prove(page, "000000")
    return page.status


async def test_who_holds_the_password_locks_no_owner_out_where_they_have_signed_in_before(
    person: Person, people: Callable[..., Person], house: House, held_clock: HeldClock
) -> None:
    phone = await factor_deeds.give_authenticator(house)
    await person.prove(await person.sign_in(), phone.code())
    await person.sign_out()
    thieves = [people("alice", address=f"198.51.100.{number}") for number in (77, 78)]
    assert await fail_second(thieves[0], 6) == 429
    assert await fail_second(thieves[1], 1) == 429  # however many browsers a stranger has

    held_clock.move(timedelta(seconds=30))
    assert (await person.prove(await person.sign_in(), phone.code())).path == "/"
    assert await fail_second(thieves[1], 1) == 429  # that the owner got in gives a stranger no more tries


async def test_wrong_codes_on_known_browsers_have_their_limits_too(people: Callable[..., Person], house: House) -> None:
    hoard = [people("alice", address=f"198.51.100.{number}") for number in range(1, 7)]
    for one in hoard:
        await one.sign_in()
        await one.sign_out()
    await factor_deeds.give_authenticator(house)

    assert [await fail_second(one, 6) for one in hoard[:4]] == [429] * 4
    assert [await fail_second(one, 1) for one in hoard[4:]] == [429] * 2


async def test_a_new_password_makes_strangers_of_all_known_browsers_but_the_one_on_which_it_was_chosen(
    person: Person, people: Callable[..., Person]
) -> None:
    hoard = [people("alice", address=f"198.51.100.{number}") for number in range(1, 4)]
    for one in (*hoard, person):
        await one.sign_in()

    page = await person.browser.open("/account/password")
    await person.browser.submit(page, current=PASSWORD, password=NEW)

    await person.sign_out()
    assert await fail(hoard[0], "alice", 10) == 422
    assert [await fail(one, "alice", 1) for one in hoard] == [429, 429, 429]
    assert (await person.sign_in(password=NEW)).path == "/"


async def test_a_password_that_was_chosen_by_a_link_makes_strangers_of_all_but_the_one_on_which_it_was_chosen(
    person: Person, people: Callable[..., Person], house: House
) -> None:
    other = people("alice", address="198.51.100.78")
    for one in (person, other):
        await one.sign_in()
        await one.sign_out()
    page = await person.browser.open("/forgot-password")
    await person.browser.submit(page, username="alice")
    page = await person.browser.open(await post.link(house, "alice@example.com", "new password"))
    await person.browser.submit(page, password=NEW)
    assert await fail(people("alice", address="198.51.100.77"), "alice", 11) == 429

    assert await fail(other, "alice", 1) == 429
    assert (await person.sign_in(password=NEW)).path == "/"


async def test_who_signs_in_elsewhere_with_their_own_name_is_no_known_browser_for_others(
    people: Callable[..., Person],
) -> None:
    bob = people("bob")
    await bob.sign_in()
    await bob.sign_out()
    assert await fail(people("alice", address="198.51.100.77"), "alice", 10) == 422
    assert await fail(bob, "alice", 1) == 429


@pytest.mark.parametrize("changed", ["", "x", "AAAA.BBBB", "." * 50, "\u00fc"])
async def test_a_cookie_that_we_never_gave_makes_nobody_known(house: House, changed: str) -> None:
    known = KnownBrowsers(house.settings, house.sealing, house.self_service.letters)
    cookie = f"__Host-oidc_known={changed}".encode("latin-1")

    assert known.known_as(Request({"type": "http", "headers": [(b"cookie", cookie)]})) == {}


async def test_owners_hear_of_a_browser_that_they_never_used_and_of_no_other(
    person: Person, people: Callable[..., Person], house: House, held_clock: HeldClock
) -> None:
    await person.sign_in()
    await person.sign_out()
    held_clock.move(timedelta(days=1))
    await person.sign_in()
    assert [one for one in await post.letters(house, "alice@example.com") if SUBJECT in one.subject] == []

    await people("alice").sign_in()

    (told,) = [one for one in await post.letters(house, "alice@example.com") if SUBJECT in one.subject]
    assert "/account/sessions" in told.text
