"""/account/upstreams: people link what is theirs elsewhere, and never lock themselves out."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.upstream_provider import UpstreamProvider
from tests.federation import deeds

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = "/account/upstreams"


async def press(person: Person, **button: str) -> Page:
    """Press a button of the page."""
    page = await person.browser.open(PAGE)
    return await person.browser.post(PAGE, {**page.forms[-1].fields, **button}, Origin=person.browser.issuer)


async def link(person: Person, provider: UpstreamProvider) -> Page:
    """Link an account there to the one here."""
    sent = await press(person, link="other")
    return await person.browser.open(provider.answer(sent.response.headers["location"]))


@on_one_database
async def test_the_navigation_shows_the_page_only_where_there_is_something_to_link_or_unlink(
    people: Callable[..., Person], house: House, upstream_provider: UpstreamProvider
) -> None:
    alice, bob = people(), people("bob")
    await deeds.sign_in_by_password(alice)
    await deeds.sign_in_by_password(bob)

    async def is_shown(person: Person) -> bool:
        return f'href="{PAGE}"' in (await person.browser.open("/account")).response.text

    before = await is_shown(alice)
    await deeds.configure(house, upstream_provider.entry(just_in_time=False))
    upstream_provider.person = {"sub": "1", "email": "a@there.example"}
    await link(alice, upstream_provider)
    configured = [await is_shown(alice), await is_shown(bob)]
    await deeds.configure(house, upstream_provider.entry(enabled=False))
    disabled = [await is_shown(alice), await is_shown(bob)]

    assert (before, configured, disabled) == (False, [True, True], [True, False])


def signed_in_there_just_now(claims: dict[str, Any]) -> None:
    """Say that the person proved there who they are."""
    claims["auth_time"] = claims["iat"]


async def test_who_is_signed_in_links_an_account_and_signs_in_with_it(
    people: Callable[..., Person], house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry(just_in_time=False))
    upstream_provider.person = {"sub": "1", "email": "a@there.example"}
    alice, elsewhere = people(), people()
    await deeds.sign_in_by_password(alice)

    page = await link(alice, upstream_provider)
    await deeds.come_by(elsewhere, upstream_provider)

    assert (page.path, page.status) == (PAGE, 200)
    assert "a@there.example" in page.text
    assert "alice" in (await elsewhere.browser.open("/account")).text
    assert upstream_provider.asked[0]["prompt"] == "login"


@on_one_database
async def test_what_is_somebody_else_s_cannot_be_linked(
    people: Callable[..., Person], house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    alice, bob = people(), people("bob")
    for one in (alice, bob):
        await deeds.sign_in_by_password(one)
    await link(alice, upstream_provider)
    assert (await link(alice, upstream_provider)).status == 200  # her own, once more

    page = await link(bob, upstream_provider)

    assert page.status == 422
    (linked,) = await deeds.identities(house)
    assert linked.user_id == (await deeds.users(house))["alice"].id


@on_one_database
async def test_nobody_links_their_account_to_another_s(
    people: Callable[..., Person], house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    alice, mallory = people(), people("bob")
    for one in (alice, mallory):
        await deeds.sign_in_by_password(one)
    callback = upstream_provider.answer((await press(mallory, link="other")).response.headers["location"])

    # In the victim's browser; then in the attacker's own, where the victim has signed in meanwhile.
    await alice.browser.open(callback)
    await mallory.sign_out()
    mallory.username = "alice"
    await deeds.sign_in_by_password(mallory)
    await mallory.browser.open(callback)

    assert await deeds.identities(house) == []


@on_one_database
async def test_a_change_needs_a_recent_sign_in_and_a_form_of_ours(
    person: Person, house: House, upstream_provider: UpstreamProvider, held_clock: HeldClock
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    await deeds.sign_in_by_password(person)

    forged = await person.browser.post(PAGE, {"link": "other"}, Origin="https://evil.example")
    held_clock.move(timedelta(minutes=11))
    late = await press(person, link="other")

    assert forged.status == 403
    assert late.response.headers["location"].startswith("/login?")


@on_one_database
async def test_the_last_way_to_sign_in_stays(person: Person, house: House, upstream_provider: UpstreamProvider) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.twist = signed_in_there_just_now
    await deeds.come_by(person, upstream_provider)
    (first,) = await deeds.identities(house)

    assert (await press(person, unlink=str(first.id))).status == 422
    upstream_provider.person = {"sub": "2"}
    await link(person, upstream_provider)
    assert (await press(person, unlink=str(first.id))).status == 303

    (left,) = await deeds.identities(house)
    assert left.subject == "2"


async def test_of_two_last_ways_taken_away_at_once_one_stays(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    upstream_provider.twist = signed_in_there_just_now
    await deeds.come_by(person, upstream_provider)
    upstream_provider.person = {"sub": "2"}
    await link(person, upstream_provider)
    fields = (await person.browser.open(PAGE)).forms[-1].fields

    origin = person.browser.issuer
    await asyncio.gather(
        *(
            person.browser.post(PAGE, {**fields, "unlink": str(one.id)}, Origin=origin)
            for one in await deeds.identities(house)
        )
    )

    assert len(await deeds.identities(house)) == 1


@on_one_database
@pytest.mark.parametrize("button", [{"link": "nowhere"}, {"link": ""}, {"unlink": "x"}, {"unlink": "0" * 32}, {}])
async def test_a_button_that_is_not_there_does_nothing(
    person: Person, house: House, upstream_provider: UpstreamProvider, button: dict[str, str]
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    await deeds.sign_in_by_password(person)

    assert (await press(person, **button)).status in (200, 303)
    assert await deeds.identities(house) == []


@on_one_database
async def test_an_answer_that_is_not_believed_is_told_on_the_page(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    await deeds.sign_in_by_password(person)
    upstream_provider.twist = lambda claims: claims.update(nonce="another")

    page = await link(person, upstream_provider)

    assert (page.status, len(await deeds.identities(house))) == (422, 0)
    assert page.ids["problem"].strip()
