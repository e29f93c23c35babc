"""Signing out: who must be asked, what ends, and where people go afterwards (RP-Initiated Logout 1.0)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.actors.browser import Browser, Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.actors.resource_server import ResourceServer
from tests.oauth import deeds

BYE = "https://shop.example.com/bye"


async def tokens_of(person: Person, party: RelyingParty, **changes: str | None) -> Tokens:
    """Sign in with a client, all the way."""
    return await party.redeem((await person.approve(party, **changes)).code)


async def is_signed_in(person: Person) -> bool:
    """Whether this person's browser still has a session."""
    return "alice" in (await person.browser.open("/")).text.lower()


def asks(page: Page) -> bool:
    """Whether a page wants to know whether the person means it."""
    return page.status == 200 and bool(page.forms) and "logout" in page.form.fields


async def test_a_client_that_shows_whom_it_means_signs_out_without_asking(
    person: Person, relying_party: RelyingParty
) -> None:
    tokens = await tokens_of(person, relying_party)

    page = await person.browser.open(
        "/logout", id_token_hint=tokens.id_token, post_logout_redirect_uri=BYE, state="a b&c=ä"
    )

    assert page.response.headers["location"] == f"{BYE}?{urlencode({'state': 'a b&c=ä'})}"  # RP-Initiated Logout §2, §3
    assert not await is_signed_in(person)
    assert (await person.visit(relying_party)).path == "/login"


async def test_without_a_state_none_is_returned(person: Person, relying_party: RelyingParty) -> None:
    tokens = await tokens_of(person, relying_party)

    page = await person.browser.open("/logout", id_token_hint=tokens.id_token, post_logout_redirect_uri=BYE)

    assert page.response.headers["location"] == BYE


async def test_without_a_hint_the_person_is_asked(person: Person, relying_party: RelyingParty) -> None:
    await tokens_of(person, relying_party)

    asked = await person.browser.open("/logout", client_id="shop", post_logout_redirect_uri=BYE, state="s")
    assert asks(asked)  # RP-Initiated Logout §2
    assert await is_signed_in(person)
    done = await person.browser.submit(asked)

    assert done.response.headers["location"] == f"{BYE}?state=s"
    assert not await is_signed_in(person)


async def test_a_person_who_comes_alone_is_asked_and_sees_that_it_is_done(person: Person) -> None:
    await person.sign_in()

    done = await person.sign_out()

    assert done.status == 200
    assert "signed out" in done.text.lower()
    assert not await is_signed_in(person)


async def test_the_session_cookie_is_taken_away_with_the_attributes_it_was_given_with(person: Person) -> None:
    await person.sign_in()

    done = await person.sign_out()

    (cookie,) = [line for line in done.response.headers.get_list("set-cookie") if "oidc_session" in line]
    assert cookie.startswith('__Host-oidc_session="";')
    assert {"Max-Age=0", "Path=/", "Secure", "HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))


async def test_an_expired_hint_still_says_who_is_meant(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    tokens = await tokens_of(person, relying_party)
    held_clock.move(timedelta(hours=11))  # RP-Initiated Logout §2
    assert tokens.id_claims["exp"] < held_clock.at.timestamp()

    page = await person.browser.open("/logout", id_token_hint=tokens.id_token, post_logout_redirect_uri=BYE)

    assert page.response.headers["location"] == BYE


async def test_a_hint_at_another_persons_session_asks(
    people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    alice, bob = people("alice"), people("bob")
    of_bob = await tokens_of(bob, relying_party)
    await alice.sign_in()

    page = await alice.browser.open("/logout", id_token_hint=of_bob.id_token)

    assert asks(page)  # RP-Initiated Logout §2, §6
    assert await is_signed_in(alice)


async def test_a_hint_at_another_session_of_the_same_person_asks(
    people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    at_home, at_work = people("alice"), people("alice")
    tokens = await tokens_of(at_home, relying_party)
    await at_work.sign_in()

    assert asks(await at_work.browser.open("/logout", id_token_hint=tokens.id_token))  # RP-Initiated Logout §2
    assert await is_signed_in(at_home)


async def test_a_hint_counts_after_a_fresh_sign_in_in_the_same_session(
    person: Person, relying_party: RelyingParty
) -> None:
    tokens = await tokens_of(person, relying_party)
    await tokens_of(person, relying_party, prompt="login")

    await person.browser.open("/logout", id_token_hint=tokens.id_token)

    assert not await is_signed_in(person)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_parameters_that_say_nothing_to_us_change_nothing(person: Person, relying_party: RelyingParty) -> None:
    tokens = await tokens_of(person, relying_party)

    hints = {"logout_hint": "alice@example.com", "ui_locales": "de en", "unknown": "x"}  # RP-Initiated Logout §2
    asked = await person.browser.open("/logout", client_id="shop", **hints)
    done = await person.browser.open("/logout", id_token_hint=tokens.id_token, post_logout_redirect_uri=BYE, **hints)

    assert asks(asked)
    assert done.response.headers["location"] == BYE


@pytest.mark.parametrize("with_hint", [True, False])
async def test_a_posted_request_works_too(person: Person, relying_party: RelyingParty, with_hint: bool) -> None:
    tokens = await tokens_of(person, relying_party)
    hint = {"id_token_hint": tokens.id_token} if with_hint else {"client_id": "shop"}

    sent = await person.browser.post("/logout", {**hint, "post_logout_redirect_uri": BYE, "state": "s"})
    page = await person.browser.open(sent.response.headers["location"])

    assert sent.status == 303  # RP-Initiated Logout §2
    if not with_hint:
        page = await person.browser.submit(page)
    assert page.response.headers["location"] == f"{BYE}?state=s"
    assert not await is_signed_in(person)


async def test_with_the_session_its_grants_end_at_once(
    person: Person, relying_party: RelyingParty, resource_server: ResourceServer
) -> None:
    tokens = await tokens_of(person, relying_party, scope="openid orders.read")
    unspent = (await person.approve(relying_party)).code
    assert await resource_server.accepts(tokens.access_token)

    await person.sign_out()

    assert not await resource_server.accepts(tokens.access_token)
    assert (await relying_party.introspect(tokens.refresh_token))["active"] is False
    assert (await relying_party.userinfo(tokens.access_token)).status_code == 401
    assert (await relying_party.refresh(tokens.refresh_token)).error == "invalid_grant"  # Back-Channel Logout §2.7
    assert (await relying_party.redeem(unspent)).error == "invalid_grant"


async def test_offline_access_survives_signing_out(
    person: Person, relying_party: RelyingParty, resource_server: ResourceServer
) -> None:
    tokens = await tokens_of(person, relying_party, scope="openid offline_access orders.read")

    await person.sign_out()

    assert await resource_server.accepts(tokens.access_token)  # OpenID Connect Core §11
    assert (await relying_party.userinfo(tokens.access_token)).status_code == 200
    assert (await relying_party.refresh(tokens.refresh_token)).status == 200


async def test_grants_of_other_browsers_survive(people: Callable[..., Person], relying_party: RelyingParty) -> None:
    at_home, at_work = people("alice"), people("alice")
    tokens = await tokens_of(at_home, relying_party)
    await at_work.sign_in()

    await at_work.sign_out()

    assert (await relying_party.refresh(tokens.refresh_token)).status == 200
    assert await is_signed_in(at_home)


async def test_the_old_cookie_is_worth_nothing_afterwards(person: Person, people: Callable[..., Person]) -> None:
    await person.sign_in()
    thief = people("alice")
    thief.browser.http.cookies.update(person.browser.http.cookies)
    assert await is_signed_in(thief)

    await person.sign_out()

    assert not await is_signed_in(thief)


async def test_signing_out_twice_is_no_mistake(person: Person, relying_party: RelyingParty) -> None:
    tokens = await tokens_of(person, relying_party)
    asked = await person.browser.open("/logout", client_id="shop", post_logout_redirect_uri=BYE)

    first, second = await person.browser.submit(asked), await person.browser.submit(asked)
    third = await person.browser.open("/logout", id_token_hint=tokens.id_token, post_logout_redirect_uri=BYE)
    alone = await person.browser.open("/logout")

    assert [page.response.headers["location"] for page in (first, second, third)] == [BYE] * 3
    assert "signed out" in alone.text.lower()


async def test_signing_out_fifty_times_at_once_is_written_down_once(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    tokens = await tokens_of(person, relying_party)
    url = f"/logout?{urlencode({'id_token_hint': tokens.id_token})}"

    answers = await asyncio.gather(*(person.browser.http.get(url) for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    ended = [event for event in await deeds.events(house) if event.event == "person:session:ended"]
    assert len(ended) == 1


async def test_an_old_confirmation_does_not_end_a_new_session(person: Person) -> None:
    await person.sign_in()
    asked = await person.browser.open("/logout")
    await person.browser.submit(asked)
    await person.sign_in()

    again = await person.browser.submit(asked)

    assert again.status == 403
    assert await is_signed_in(person)
    await person.browser.submit(again)
    assert not await is_signed_in(person)


async def test_only_a_form_of_ours_confirms(people: Callable[..., Person]) -> None:
    alice, eve = people("alice"), people("bob")
    await alice.sign_in()
    await eve.sign_in()
    mine, hers = await alice.browser.open("/logout"), await eve.browser.open("/logout")
    logout = mine.form.fields["logout"]

    for fields in ({"logout": logout}, {**mine.form.fields, "csrf_token": hers.form.fields["csrf_token"]}):
        refused = await alice.browser.post("/logout/confirm", fields)
        assert refused.status == 403
        assert "logout" in refused.form.fields
    from_elsewhere = await alice.browser.post("/logout/confirm", mine.form.fields, Origin="https://evil.example")
    assert from_elsewhere.status == 403
    assert (await alice.browser.post("/logout/confirm", hers.form.fields)).status == 403
    assert await is_signed_in(alice)


async def test_a_form_of_another_site_never_takes_a_session_cookie_away(
    person: Person, people: Callable[..., Person], http: httpx2.AsyncClient
) -> None:
    """A top-level POST from elsewhere comes without our cookies (SameSite=Lax), but what it sets would be kept."""
    eve = people("bob")
    await eve.sign_in()
    logout = (await eve.browser.open("/logout")).form.fields["logout"]

    answer = await http.post("/logout/confirm", data={"logout": logout}, headers={"Origin": "https://evil.example"})

    assert not any("oidc_session" in line for line in answer.headers.get_list("set-cookie"))


@pytest.mark.parametrize("text", ["", "junk", "A" * 200])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_confirmation_that_nobody_asked_for_starts_afresh(person: Person, text: str) -> None:
    await person.sign_in()
    page = await person.browser.open("/logout")

    again = await person.browser.post("/logout/confirm", {**page.form.fields, "logout": text})

    assert again.response.headers["location"] == "/logout"
    assert await is_signed_in(person)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_signed_out_page_is_not_kept_in_caches(app: object, browser: Browser) -> None:
    page = await browser.open("/logout")

    assert page.response.headers["cache-control"] == "no-store"


@pytest.fixture
async def browser(people: Callable[..., Person]) -> Browser:
    """Somebody's browser, on which nobody is signed in."""
    return people().browser
