"""A person's password and address on their own pages."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts import deeds, post
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.factories import PASSWORD

NEW = "seven purple walruses"


async def test_a_new_password_signs_out_everywhere_else(
    person: Person, people: Callable[..., Person], relying_party: RelyingParty, house: House
) -> None:
    other = people("alice")
    elsewhere = await relying_party.redeem((await other.approve(relying_party, scope="openid offline_access")).code)
    here = await relying_party.redeem((await person.approve(relying_party, scope="openid")).code)

    page = await person.browser.submit(await person.browser.open("/account/password"), current=PASSWORD, password=NEW)

    assert "Saved." in page.text
    assert (await person.browser.open("/account")).path == "/account"
    assert (await other.browser.open("/account")).path == "/login"
    assert (await relying_party.refresh(elsewhere.refresh_token)).error == "invalid_grant"
    assert (await relying_party.refresh(here.refresh_token)).status == 200
    assert "password" in (await post.letters(house, "alice@example.com"))[0].subject.lower()
    await deeds.attempt(house, password=NEW)


@pytest.mark.parametrize(
    ("current", "password", "told"),
    [
        ("wrong", NEW, "wrong"),
        ("", NEW, "wrong"),
        (PASSWORD, "short", "too short"),
        (PASSWORD, "alice@example.com", "too easy"),
        (PASSWORD, "", "too short"),
        (PASSWORD, "x" * 2000, "too long"),
    ],
)
async def test_a_password_that_cannot_be_set_is_said_and_the_old_one_stays(
    person: Person, house: House, current: str, password: str, told: str
) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/password")

    refused = await person.browser.submit(page, current=current, password=password)

    assert refused.status == 422
    assert told in refused.text
    await deeds.attempt(house)


async def test_guesses_of_the_current_password_count_with_all_others(person: Person, house: House) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/password")
    for _ in range(10):
        page = await person.browser.submit(page, current="wrong", password=NEW)

    assert (await person.browser.submit(page, current=PASSWORD, password=NEW)).status == 429


@pytest.mark.parametrize("page", ["/account/password", "/account/email"])
async def test_only_a_fresh_sign_in_will_do(person: Person, held_clock: HeldClock, page: str) -> None:
    await person.sign_in()
    held_clock.move(timedelta(minutes=11))
    assert (await person.browser.open(page)).path == "/login"


async def test_an_address_changes_when_its_link_is_opened(person: Person, house: House) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/email")

    page = await person.browser.submit(page, email="al@new.example.com")

    assert "We have sent you a mail" in page.text
    assert (await deeds.user(house, "alice")).email == "alice@example.com"
    link = await post.link(house, "al@new.example.com")
    await person.browser.submit(await person.browser.open(link))
    assert (await deeds.user(house, "alice")).email == "al@new.example.com"


@pytest.mark.parametrize("email", ["", "no address", "alice@example.com", "a@b@c"])
async def test_what_is_no_new_address_is_said(person: Person, house: House, email: str) -> None:
    await person.sign_in()
    refused = await person.browser.submit(await person.browser.open("/account/email"), email=email)
    assert refused.status == 422
    assert (await deeds.user(house, "alice")).email == "alice@example.com"
