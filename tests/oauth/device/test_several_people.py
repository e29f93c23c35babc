"""Devices where several people are signed in on one browser: who says yes, and how another one does."""

import pytest

from oidc_server.house import House
from oidc_server.tokens.models import Grant
from tests.accounts.pages.test_select_account import family
from tests.actors.device import Device
from tests.actors.person import Person
from tests.oauth import deeds

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def owner(house: House) -> list[object]:
    """Whose grants there are."""
    return await deeds.in_transaction(house, lambda session: [grant.user_id for grant in session.query(Grant)])


async def test_the_page_says_who_acts_and_another_one_may_instead(device: Device, person: Person, house: House) -> None:
    await family(person, "alice", "bob")
    begun = await device.begin()

    question = await person.enter(begun.user_code)
    assert "Bob" in question.text
    chooser = await person.browser.open("/select-account", interaction=question.form.fields["interaction"])
    assert "Television" in chooser.text
    again = await person.choose(chooser, "Alice")
    assert "Alice" in again.text
    await person.browser.submit(again, decision="allow")

    assert (await device.poll(begun.device_code)).status == 200
    assert await owner(house) == [await deeds.user_id(house, "alice")]


async def test_what_one_was_asked_another_cannot_answer(device: Device, person: Person, house: House) -> None:
    await family(person, "alice", "bob")
    question = await person.enter((await device.begin()).user_code)
    await person.choose(await person.browser.open("/select-account"), "Alice")

    again = await person.browser.submit(question, decision="allow")

    assert again.path == "/device/confirm"
    assert "Alice" in again.text
    assert await owner(house) == []


async def test_where_nobody_acts_one_is_chosen_first(device: Device, person: Person) -> None:
    await family(person, "alice", "bob")
    await person.sign_out()

    page = await person.enter((await device.begin()).user_code)

    assert (await person.choose(page, "Alice")).path == "/device/confirm"
