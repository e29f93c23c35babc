"""Choosing a new password by a link in a mail: once, for a while, for its purpose, and nobody learns who has an account."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest

from oidc_server.accounts import directory
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House, opened
from oidc_server.settings.model import Settings
from tests.accounts import deeds, post
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.factories import PASSWORD

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ALICE = "alice@example.com"
NEW = "seven purple walruses"


async def forget(person: Person, login: str = "alice") -> Page:
    """Say that the password is forgotten."""
    return await person.browser.submit(await person.browser.open("/forgot-password"), username=login)


async def link_of(person: Person, house: House) -> str:
    """Ask for a link and look into the mail."""
    await forget(person)
    return await post.link(house, ALICE, "new password")


async def choose(person: Person, link: str, password: str = NEW) -> Page:
    """Open the link and choose a new password."""
    return await person.browser.submit(await person.browser.open(link), password=password)


async def test_the_link_sets_a_new_password_and_ends_everything(
    people: Callable[..., Person], house: House, relying_party: RelyingParty
) -> None:
    thief, alice = people("alice"), people("alice")
    tokens = await relying_party.redeem((await thief.approve(relying_party)).code)

    page = await choose(alice, await link_of(alice, house))

    assert page.status == 200
    assert "Nobody is signed in" in (await alice.browser.open("/")).text
    assert "Nobody is signed in" in (await thief.browser.open("/")).text
    assert (await relying_party.refresh(tokens.refresh_token)).error == "invalid_grant"
    assert (await alice.sign_in(password=PASSWORD)).status == 422
    assert (await alice.sign_in(password=NEW)).path == "/"
    assert "Your password was changed" in {letter.subject for letter in await post.letters(house, ALICE)}


async def test_it_works_once_and_looking_spends_nothing(person: Person, house: House) -> None:
    link = await link_of(person, house)
    form = await person.browser.open(link)
    for _ in range(3):  # mail scanners
        assert (await person.browser.open(link)).status == 200
    await choose(person, link)

    assert (await person.browser.open(link)).status == 410
    assert (await person.browser.submit(form, password=NEW)).status == 410


async def test_of_fifty_at_once_one_wins(person: Person, house: House) -> None:
    form = (await person.browser.open(await link_of(person, house))).form
    form.fields["password"] = NEW

    answers = await asyncio.gather(*(person.browser.http.post(form.action, data=form.fields) for _ in range(50)))

    assert {answer.status_code for answer in answers} <= {200, 410, 503}
    assert sum(answer.status_code == 200 for answer in answers) == 1


async def test_a_newer_link_kills_the_older_one(person: Person, house: House) -> None:
    older = await link_of(person, house)
    newer = await link_of(person, house)

    assert (await person.browser.open(older)).status == 410
    assert (await choose(person, newer)).status == 200


async def another_password(house: House) -> None:
    user = await deeds.user(house, "alice")
    await deeds.in_transaction(house, directory.change, user, password_hash="x", enabled=True)


async def another_address(house: House) -> None:
    user = await deeds.user(house, "alice")
    await deeds.in_transaction(
        house, directory.change, user, password_hash=None, enabled=True, email="other@example.com"
    )


async def disabled(house: House) -> None:
    await deeds.disable(house, "alice")


@pytest.mark.parametrize("change", [another_password, another_address, disabled])
async def test_it_dies_when_things_change_meanwhile(
    person: Person, house: House, change: Callable[..., object]
) -> None:
    link = await link_of(person, house)

    await change(house)  # type: ignore[misc]

    assert (await choose(person, link)).status == 410


@on_one_database
async def test_it_expires(person: Person, house: House, held_clock: HeldClock) -> None:
    link = await link_of(person, house)
    form = await person.browser.open(link)
    held_clock.move(house.settings.links.reset_password + timedelta(seconds=1))

    assert (await person.browser.open(link)).status == 410
    assert (await person.browser.submit(form, password=NEW)).status == 410


@on_one_database
async def test_it_is_for_nothing_else(person: Person, house: House) -> None:
    token = (await link_of(person, house)).partition("token=")[2]

    for path in ("/verify-email", "/confirm-email", "/signup"):
        assert (await person.browser.open(path, token=token)).status == 410
    for junk in ("", "x", token[:-1], token + "A"):
        assert (await person.browser.open("/reset-password", token=junk)).status == 410


@on_one_database
async def test_a_bad_password_is_told_and_the_link_still_works(person: Person, house: House) -> None:
    link = await link_of(person, house)

    again = await choose(person, link, "alice@example.com")

    assert again.status == 422
    assert "easy to guess" in again.ids["problem"]
    assert (await person.browser.submit(again, password=NEW)).status == 200


@on_one_database
async def test_the_token_goes_nowhere_else(person: Person, house: House) -> None:
    link = await link_of(person, house)

    page = await person.browser.open(link)

    assert page.response.headers["referrer-policy"] == "no-referrer"
    assert page.response.headers["cache-control"] == "no-store"


@on_one_database
async def test_the_answer_is_the_same_whoever_is_asked_for(people: Callable[..., Person], house: House) -> None:
    seen = []
    await deeds.disable(house, "bob")
    for login in ("alice", "ALICE@example.com", "nobody@example.com", "bob", ""):
        page = await forget(people(), login)
        varying = {"date", "x-request-id", "content-length"}
        headers = {key: value for key, value in page.response.headers.items() if key not in varying}
        seen.append((page.status, page.path, page.text, headers))

    assert all(one == seen[0] for one in seen)
    assert {letter.to for letter in await post.letters(house)} == {ALICE}


async def test_it_takes_as_long_for_those_who_are_unknown(settings: Settings, house: House) -> None:
    limits = settings.throttle.model_copy(update={"mails_per_account": 1000})
    async with opened(settings.model_copy(update={"throttle": limits})) as patient:
        took = await _time(patient)

    # The bounds are wide, for a machine that does other things meanwhile; by itself it is within a tenth.
    assert 0.75 < median(took[True]) / median(took[False]) < 1.33
    assert len(await post.letters(house, ALICE)) > 50


async def _time(house: House) -> dict[bool, list[float]]:
    """How long it takes for somebody who is known, and for somebody who isn't, taking turns."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(121):
        known = number % 2 == 0
        started_at = perf_counter()
        login = "alice" if known else "carol"
        await house.database.run(house.self_service.password_reset.ask, login, f"203.0.113.{number}")
        took[known].append(perf_counter() - started_at)
    return took


@on_one_database
async def test_what_happened_stands_in_the_trail(person: Person, house: House) -> None:
    await choose(person, await link_of(person, house))
    page = await person.sign_in(password=NEW)
    assert page.path == "/"

    history = await person.browser.open("/account/history")

    assert "You chose a new password by a link" in history.text
