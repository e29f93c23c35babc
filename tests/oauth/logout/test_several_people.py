"""Signing out where several people are signed in on one browser: one, all, or the one whom a client means."""

from html import unescape

import httpx2
import pytest

from oidc_server.house import House
from tests.accounts.pages.test_select_account import CURRENT, OTHERS, acting, chooser, family
from tests.actors.person import Person, accounts
from tests.actors.relying_party import RelyingParty
from tests.oauth import deeds
from tests.oauth.logout.test_frames import framed, frames
from tests.oauth.logout.test_session_state import is_unchanged, state_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BYE = "https://shop.example.com/bye"


async def test_one_may_go_and_the_others_stay(person: Person) -> None:
    await family(person, "alice", "bob")

    asked = await person.browser.open("/logout")
    done = await person.browser.submit(asked)

    assert "Alice" in asked.text  # also signed in here
    assert "Others are still signed in" in done.text
    assert await acting(person.browser) == ""
    assert list(accounts(await chooser(person.browser))) == ["Alice"]


async def test_all_may_go(person: Person, house: House) -> None:
    await family(person, "alice", "bob")

    done = await person.sign_out(who="everybody")

    assert "You can close this page" in done.text
    assert (await chooser(person.browser)).path == "/login"
    assert {CURRENT, OTHERS} & set(person.browser.http.cookies) == set()
    assert state_of(person) == ""
    assert len([one for one in await deeds.events(house) if one.event == "person:session:ended"]) == 2


async def test_where_nobody_acts_all_may_go_or_the_last_one(person: Person, house: House) -> None:
    await family(person, "alice", "bob")
    await person.sign_out()
    last = await person.browser.open("/logout")
    assert "Alice" in last.text

    await person.browser.submit(last)

    assert (await chooser(person.browser)).path == "/login"


async def test_all_are_those_whom_the_page_has_named(person: Person) -> None:
    await family(person, "alice")
    asked = await person.browser.open("/logout")
    await family(person, "bob")

    again = await person.browser.submit(asked, who="everybody")

    assert again.status == 403
    assert "Bob" in again.text
    assert await acting(person.browser) == "Bob"


async def test_a_client_ends_the_session_that_it_means_and_not_the_one_that_acts(
    person: Person, relying_party: RelyingParty
) -> None:
    of_alice = await relying_party.redeem((await person.approve(relying_party)).code)
    await family(person, "bob")

    page = await person.browser.open("/logout", id_token_hint=of_alice.id_token, post_logout_redirect_uri=BYE)

    assert page.response.headers["location"] == BYE  # RP-Initiated Logout §2
    assert await acting(person.browser) == "Bob"
    assert list(accounts(await chooser(person.browser))) == ["Bob"]
    assert (await relying_party.refresh(of_alice.refresh_token)).error == "invalid_grant"


async def test_the_frames_are_those_of_the_sessions_that_end(
    person: Person, house: House, http: httpx2.AsyncClient
) -> None:
    told = await framed(house, http, "told", frontchannel_logout_session_required=True, skip_consent=True)
    plain = await framed(house, http, "plain", skip_consent=True)
    for name in ("alice", "bob"):
        await family(person, name)
        for party in (told, plain):
            await person.approve(party)
    sids = accounts(await chooser(person.browser))

    one = await person.browser.open(f"/logout?session={sids['Alice']}")
    first = frames(await person.browser.submit(one))
    rest = frames(await person.sign_out(who="everybody"))

    assert [sids["Alice"] in unescape(frame).replace("-", "") for frame in first] == [True, False]
    assert [sids["Bob"] in unescape(frame).replace("-", "") for frame in rest] == [True, False]  # no Alice any more


async def test_everybody_s_frames_are_shown_and_none_twice(
    person: Person, house: House, http: httpx2.AsyncClient
) -> None:
    told = await framed(house, http, "told", frontchannel_logout_session_required=True, skip_consent=True)
    plain = await framed(house, http, "plain", skip_consent=True)
    for name in ("alice", "bob"):
        await family(person, name)
        for party in (told, plain):
            await person.approve(party)

    shown = frames(await person.sign_out(who="everybody"))

    assert sum("told" in frame for frame in shown) == 2
    assert sum("plain" in frame for frame in shown) == 1


async def test_the_state_changes_with_who_acts_and_who_is_there(
    person: Person, http: httpx2.AsyncClient, relying_party: RelyingParty
) -> None:
    of_alice = await person.approve(relying_party)
    assert is_unchanged(person, of_alice)

    await family(person, "bob")
    assert not is_unchanged(person, of_alice)  # Session Management §3.2
    of_bob = await Person(person.browser, "bob").approve(relying_party)
    assert is_unchanged(person, of_bob)
    await person.choose(await chooser(person.browser), "Alice")
    assert not is_unchanged(person, of_bob)
    await person.choose(await chooser(person.browser), "Bob")
    assert is_unchanged(person, of_bob)

    session = accounts(await chooser(person.browser))["Alice"]
    await person.browser.submit(await person.browser.open(f"/logout?session={session}"))
    assert not is_unchanged(person, of_bob)  # somebody who was there is gone


async def test_whoever_doesn_t_want_to_sign_out_goes_back_to_where_they_came_from(
    person: Person, relying_party: RelyingParty
) -> None:
    await family(person, "alice", "bob")
    page = await person.visit(relying_party, prompt="select_account")
    waiting = page.form.fields["interaction"]
    session = accounts(page)["Alice"]

    asked = await person.browser.open("/logout", session=session, interaction=waiting)
    back = await person.browser.submit(asked)

    assert f'href="/select-account?interaction={waiting}"' in asked.response.text
    assert list(accounts(back)) == ["Bob"]
    assert (await person.choose(back, "Bob")).path == "/consent"  # what waited goes on
