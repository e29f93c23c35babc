"""Notices: whoever's account can be entered in a new way, or in one fewer, gets a mail that says so."""

from collections.abc import Callable

import pytest

from oidc_server.accounts import directory
from oidc_server.cli import users
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts import deeds
from tests.accounts.post import letters
from tests.actors.person import Person
from tests.actors.upstream_provider import UpstreamProvider
from tests.federation import deeds as federation
from tests.federation.conftest import settings, upstream_provider
from tests.federation.test_linking import link, press

__all__ = ["settings", "upstream_provider"]

SECURITY = "/account/security"


@pytest.fixture
async def address(house: House) -> str:
    alice = await deeds.user(house, "alice")
    assert alice.email is not None
    return alice.email


async def subjects(house: House, address: str) -> list[str]:
    return [letter.subject for letter in await letters(house, address)]


async def test_adding_and_removing_a_factor_is_told_by_mail(
    person: Person, house: House, held_clock: HeldClock, address: str
) -> None:
    await person.sign_in()
    await person.add_authenticator()
    assert await subjects(house, address) == ["A new way to prove who you are"]

    page = await person.browser.open(SECURITY)
    await person.browser.submit(page, to="/recovery-codes")
    page = await person.browser.open(SECURITY)
    await person.browser.submit(page, to="/authenticator/remove")

    told = await letters(house, address)
    by_subject = {letter.subject: letter.text for letter in told}
    assert len(told) == 3
    assert set(by_subject) == {
        "A new way to prove who you are",
        "New recovery codes",
        "A way to prove who you are was removed",
    }
    removed = by_subject["A way to prove who you are was removed"]
    assert "authenticator app was removed" in removed
    assert f"{house.settings.issuer}{SECURITY}" in removed


async def test_a_new_passkey_is_told_of(person: Person, house: House, address: str) -> None:
    await person.sign_in()
    await person.add_passkey()

    told = (await letters(house, address))[0]

    assert "A passkey was added" in told.text


async def test_what_was_refused_is_not_told(person: Person, house: House, address: str) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/security/authenticator")
    await person.browser.submit(page, code="000000")

    assert await subjects(house, address) == []


async def test_a_reset_by_an_operator_is_told(house: House, address: str) -> None:
    assert await house.database.run(users._reset_factors, house, "alice") is not None

    assert await subjects(house, address) == ["Your second factors were removed"]


async def test_linking_and_unlinking_is_told(
    people: Callable[..., Person], house: House, upstream_provider: UpstreamProvider, address: str
) -> None:
    await federation.configure(house, upstream_provider.entry())
    alice = people()
    await federation.sign_in_by_password(alice)
    await link(alice, upstream_provider)
    await link(alice, upstream_provider)
    assert await subjects(house, address) == ["An account elsewhere was linked"]

    identity = (await alice.browser.open("/account/upstreams")).response.text.split('name="unlink" value="')[1][:36]
    await press(alice, unlink=identity)

    assert (await subjects(house, address))[0] == "An account elsewhere was unlinked"


async def test_who_has_no_address_is_told_nothing_and_nothing_breaks(house: House) -> None:
    eve = await deeds.add(house, "eve")
    assert eve.email is None

    await house.database.run(users._reset_factors, house, "eve")

    assert await letters(house) == []
    assert await deeds.in_transaction(house, directory.find, "eve") is not None
