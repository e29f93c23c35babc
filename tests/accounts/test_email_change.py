"""Changing an address: the new one confirms, the old one is told, and whoever has it already is not troubled."""

from collections.abc import Callable

import pytest

from oidc_server.accounts import directory
from oidc_server.accounts.sign_up import SignUpRefused
from oidc_server.foundation import clock
from oidc_server.house import House
from tests.accounts import deeds, post
from tests.actors.browser import Page
from tests.actors.person import Person

NEW = "alice@new.example.com"
OLD = "alice@example.com"


async def ask(house: House, email: str = NEW) -> None:
    """Ask for a new address for Alice."""
    alice = await deeds.user(house, "alice")
    await house.database.run(house.self_service.email_change.ask, alice, email, "203.0.113.7")


async def confirm(person: Person, link: str) -> Page:
    """Open the link and press the button."""
    return await person.browser.submit(await person.browser.open(link))


async def test_it_takes_effect_when_the_new_address_confirms(person: Person, house: House) -> None:
    await ask(house)
    assert (await deeds.user(house, "alice")).email == OLD
    assert len(await post.letters(house, OLD)) == 1

    page = await confirm(person, await post.link(house, NEW))

    assert page.status == 200
    user = await deeds.user(house, "alice")
    assert (user.email, user.email_verified) == (NEW, True)
    assert (await post.letters(house, OLD))[0].subject == "Your e-mail address was changed"


async def test_an_address_that_somebody_took_meanwhile_stays_theirs(person: Person, house: House) -> None:
    await ask(house)
    link = await post.link(house, NEW)
    await deeds.add(house, "carol", NEW)

    assert (await confirm(person, link)).status == 410
    assert (await deeds.user(house, "alice")).email == OLD


async def test_one_that_has_an_account_gets_no_link_and_whoever_asks_is_told_nothing(house: House) -> None:
    await ask(house, "bob@example.com")

    assert [letter.subject for letter in await post.letters(house, "bob@example.com")] == [
        "You have an account already"
    ]


@pytest.mark.parametrize("taken", [True, False])
async def test_the_link_asked_for_before_is_dead_whether_or_not_the_next_address_is_taken(
    person: Person, house: House, *, taken: bool
) -> None:
    await ask(house)
    link = await post.link(house, NEW)

    await ask(house, "bob@example.com" if taken else "nobody@example.com")

    assert (await person.browser.open(link)).status == 410


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("email", ["alice", OLD])
async def test_no_address_and_the_same_address_are_refused(house: House, email: str) -> None:
    with pytest.raises(SignUpRefused):
        await ask(house, email)


async def test_a_new_password_kills_the_change_that_a_thief_began(people: Callable[..., Person], house: House) -> None:
    await ask(house)
    link = await post.link(house, NEW)
    await house.database.run(house.self_service.password_reset.ask, "alice", "203.0.113.7")
    token = (await post.link(house, OLD, "new password")).partition("token=")[2]
    await house.database.run(house.self_service.password_reset.finish, token, "seven purple walruses")

    assert (await confirm(people(), link)).status == 410


async def test_so_does_an_operator_who_disables_the_account_though_it_is_enabled_again(
    person: Person, house: House
) -> None:
    await ask(house)
    link = await post.link(house, NEW)
    await deeds.disable(house, "alice")
    alice = await deeds.user(house, "alice")
    await deeds.in_transaction(house, directory.change, alice, password_hash=None, enabled=True)

    assert (await confirm(person, link)).status == 410
    assert (await deeds.user(house, "alice")).email == OLD


async def test_who_was_signed_out_everywhere_once_can_change_their_address(person: Person, house: House) -> None:
    await deeds.in_transaction(house, directory.end_everything, (await deeds.user(house, "alice")).id)
    await ask(house)

    assert (await confirm(person, await post.link(house, NEW))).status == 200


async def test_whoever_signs_in_with_their_address_goes_on_doing_so(person: Person, house: House) -> None:
    dora = await deeds.add(house, "dora@example.com", "dora@example.com")
    await house.database.run(house.self_service.email_change.ask, dora, "dora@new.example.com", "203.0.113.7")

    await confirm(person, await post.link(house, "dora@new.example.com"))

    assert (await deeds.user(house, "dora@new.example.com")).username == "dora@new.example.com"


@pytest.mark.parametrize("must_confirm", [True, False])
async def test_an_account_that_nobody_confirmed_and_nobody_was_in_gives_its_address_up(
    person: Person, house: House, *, must_confirm: bool
) -> None:
    house.self_service.email_change._needs_verified = must_confirm
    squatter = await deeds.add(house, NEW, NEW)
    await deeds.in_transaction(house, directory.update_user, squatter.id, unconfirmed_since=clock.now())
    await ask(house)

    if must_confirm:
        await confirm(person, await post.link(house, NEW))

    assert (await deeds.user(house, NEW)).id == ((await deeds.user(house, "alice")).id if must_confirm else squatter.id)
    assert (
        "Confirm your new e-mail address" in [one.subject for one in await post.letters(house, NEW)]
    ) is must_confirm
