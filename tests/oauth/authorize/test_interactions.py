"""Requests that wait: in the wrong hands, too long, twice, or while the world changes around them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from oidc_server.accounts import first_administrator
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from oidc_server.tokens.models import Grant
from tests.actors.browser import Browser, Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import running
from tests.oauth import deeds


def sealed_in(page: Page) -> str:
    """The interaction that a page's form carries."""
    return page.form.fields["interaction"]


async def decided(person: Person, page: Page, decision: str = "allow") -> str:
    """Where the consent page sends somebody who has decided, without going there."""
    data = {**page.form.fields, "decision": decision}
    answer = await person.browser.http.post(page.form.action, data=data, headers={"Origin": person.browser.issuer})
    location: str = answer.headers["location"]
    assert location.startswith("/authorize?interaction="), location
    return location


async def test_on_another_browser_an_interaction_starts_afresh(
    people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    alice, eve = people("alice"), people("bob")
    await eve.sign_in()
    page = await alice.sign_in(await alice.visit(relying_party))

    for path in ("/consent", "/login", "/authorize"):
        stolen = await eve.browser.open(path, interaction=sealed_in(page))

        assert stolen.path == "/consent"  # eve's own session, eve's own question
        assert sealed_in(stolen) != sealed_in(page)


async def test_what_was_decided_on_one_browser_counts_on_no_other(
    people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    alice, eve = people("alice"), people("alice")
    location = await decided(alice, await alice.sign_in(await alice.visit(relying_party)))

    page = await eve.browser.open(location)

    assert page.path == "/login"
    assert relying_party.answer(await alice.browser.open(location)).code


async def test_a_fresh_sign_in_on_one_browser_counts_on_no_other(
    people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    alice, elsewhere = people("alice"), people("alice")
    await elsewhere.approve(relying_party)
    page = await alice.visit(relying_party, prompt="login consent")
    asking = await alice.sign_in(page)

    there = await elsewhere.browser.open("/authorize", interaction=sealed_in(asking))

    assert there.path == "/login"


async def test_whatever_one_node_has_begun_another_node_finishes(settings: Settings) -> None:
    """Nodes share the database and the master key, and nothing else; a node that was restarted is another one."""
    page, answer, cookies = None, None, None
    for deed in ("visit", "sign in", "decide"):
        async with running(settings) as app:
            alice = Person(Browser.within(app, settings.issuer, "203.0.113.7"))
            party = RelyingParty(alice.browser.http, "shop")
            alice.browser.http.cookies.update(cookies)
            if deed == "decide":
                assert page is not None
                answer = party.answer(await alice.decide(page))
            else:
                page = await (alice.visit(party) if deed == "visit" else alice.sign_in(page))
            cookies = alice.browser.http.cookies
            await alice.browser.close()

    assert answer is not None
    assert answer.code


async def test_nobody_plants_their_own_sign_in_in_somebody_elses_browser(
    people: Callable[..., Person], relying_party: RelyingParty, house: House
) -> None:
    eve, victim = people("bob"), people("alice")
    location = await decided(eve, await eve.sign_in(await eve.visit(relying_party)))

    page = await victim.browser.open(location)  # login CSRF (RFC 9700 §4.7)

    assert page.path == "/login"
    assert await deeds.count(house, Grant) == 0


async def test_a_sign_in_page_left_open_overnight_starts_afresh(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    page = await person.visit(relying_party)
    held_clock.move(timedelta(hours=9))

    again = await person.sign_in(page)

    assert again.path == "/login"
    assert sealed_in(again) != sealed_in(page)
    assert relying_party.answer(await person.decide(await person.sign_in(again))).parameters["state"] == "the-state"


async def test_a_consent_page_left_open_overnight_starts_afresh(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    page = await person.sign_in(await person.visit(relying_party))
    held_clock.move(timedelta(hours=9))

    again = await person.decide(page)

    assert again.path == "/consent"
    assert relying_party.answer(await person.decide(again)).code


async def test_a_decision_does_not_outlive_the_night(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    location = await decided(person, await person.sign_in(await person.visit(relying_party, prompt="consent")))
    held_clock.move(timedelta(hours=1))

    assert (await person.browser.open(location)).path == "/consent"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_however_sparingly_a_long_request_was_escaped_it_starts_afresh(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    state = "/" * 4000  # three times as long once we escape it
    url = f"{relying_party.authorization_url(state=None)}&state={state}"
    page = Page(await person.browser.http.get(url))
    assert page.status == 303, page.text
    waiting = await person.browser.open(page.response.headers["location"])
    held_clock.move(timedelta(hours=9))

    again = await person.sign_in(waiting)

    assert again.path == "/login", again.text
    answer = relying_party.answer(await person.decide(await person.sign_in(again)))
    assert answer.parameters["state"] == state


async def test_a_decision_made_once_is_granted_once(person: Person, relying_party: RelyingParty, house: House) -> None:
    location = await decided(person, await person.sign_in(await person.visit(relying_party, prompt="consent")))
    relying_party.answer(await person.browser.open(location))

    again = await person.browser.open(location)

    assert again.path == "/consent"  # asked anew, as the client wants it
    assert await deeds.count(house, Grant) == 1


async def test_a_sign_in_made_once_is_granted_once(person: Person, relying_party: RelyingParty, house: House) -> None:
    await person.approve(relying_party)
    page = await person.visit(relying_party, prompt="login")
    data = {**page.form.fields, "username": "alice", "password": "correct horse battery staple"}
    signed_in = await person.browser.http.post("/login", data=data)
    location = signed_in.headers["location"]
    relying_party.answer(await person.browser.open(location))

    assert (await person.browser.open(location)).path == "/login"
    assert await deeds.count(house, Grant) == 2


async def test_the_back_button_after_an_answer_leads_on(person: Person, relying_party: RelyingParty) -> None:
    page = await person.sign_in(await person.visit(relying_party))
    first = relying_party.answer(await person.decide(page)).code

    again = relying_party.answer(await person.decide(page)).code

    assert first != again
    assert (await relying_party.redeem(first)).status == 200
    assert (await relying_party.redeem(again)).status == 200


async def test_the_back_button_after_no_allows_a_yes(person: Person, relying_party: RelyingParty) -> None:
    page = await person.sign_in(await person.visit(relying_party))
    assert relying_party.answer(await person.decide(page, "deny")).error == "access_denied"

    assert relying_party.answer(await person.decide(page, "allow")).code


async def test_two_tabs_at_once_don_t_disturb_each_other(
    person: Person, relying_party: RelyingParty, spa: RelyingParty
) -> None:
    one, other = await person.visit(relying_party), await person.visit(spa)
    one, other = await person.sign_in(one), await person.sign_in(other)

    answers = relying_party.answer(await person.decide(one)), spa.answer(await person.decide(other))

    assert (await relying_party.redeem(answers[0].code)).id_claims["aud"] == "shop"
    assert (await spa.redeem(answers[1].code)).id_claims["aud"] == "spa"


GARBAGE = ["x", "", "AAAA", "a.b.c", "A" * 5000, "ä", "\U0001f511", "../..", "' OR 1=1", "%2", "&client_id=shop"]


@pytest.mark.parametrize("text", GARBAGE)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_garbage_ends_on_a_page_that_says_how_to_go_on(person: Person, text: str) -> None:
    for path in ("/authorize", "/consent"):
        page = await person.browser.open(path, interaction=text)

        assert page.status == 400
        assert "start again" in page.ids["oauth-error"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_browser_that_keeps_no_cookies_is_told_so_instead_of_going_round_in_circles(
    person: Person, relying_party: RelyingParty
) -> None:
    response = await person.browser.http.get(relying_party.authorization_url())
    for _ in range(10):
        if "location" not in response.headers:
            break
        person.browser.http.cookies.clear()
        response = await person.browser.http.get(response.headers["location"])

    assert response.status_code != 303
    assert "text/html" in response.headers["content-type"]


@pytest.mark.parametrize("raw", ["%ff", "%00", "\xff", "%", "x&interaction=y"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_bytes_that_are_no_text_are_garbage_like_any_other(person: Person, raw: str) -> None:
    for path in ("/authorize", "/consent"):
        assert (await person.browser.open(f"{path}?interaction={raw}")).status == 400
    assert (await person.browser.open(f"/login?interaction={raw}")).status in (200, 400)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_part_of_a_sealed_interaction_can_be_changed(person: Person, relying_party: RelyingParty) -> None:
    sealed = sealed_in(await person.visit(relying_party))

    for place in (0, 1, 5, 20, len(sealed) // 2, len(sealed) - 1):
        changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        assert (await person.browser.open("/authorize", interaction=changed)).status == 400
    for part in (sealed[:-1], sealed[1:], sealed + "A", sealed + sealed):
        assert (await person.browser.open("/authorize", interaction=part)).status == 400


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_was_sealed_for_something_else_is_no_interaction(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    await person.sign_in()
    of_logout = (await person.browser.open("/logout")).form.fields["logout"]
    csrf_token = (await person.browser.open("/login")).form.fields["csrf_token"]
    values = {"id": "0" * 32, "parameters": relying_party.request(), "started_at": 0}
    forged = house.sealing.seal_json("logout", values)

    for text in (of_logout, csrf_token, forged, first_administrator.mint(house.sealing)):
        assert (await person.browser.open("/authorize", interaction=text)).status == 400


async def test_other_parameters_beside_an_interaction_change_nothing(
    person: Person, relying_party: RelyingParty
) -> None:
    location = await decided(person, await person.sign_in(await person.visit(relying_party)))

    page = await person.browser.open(f"{location}&redirect_uri=https://evil.example&state=evil&scope=orders.write")

    answer = relying_party.answer(page)
    assert answer.parameters["state"] == "the-state"
    assert "orders.write" not in (await relying_party.redeem(answer.code)).body["scope"]


async def test_a_client_that_is_disabled_meanwhile_gets_nothing(
    people: Callable[..., Person], relying_party: RelyingParty, house: House
) -> None:
    alice, bob = people("alice"), people("bob")
    login, asking = await alice.visit(relying_party), await bob.sign_in(await bob.visit(relying_party))
    location = await decided(bob, asking)
    await deeds.disable_client(house, "shop")

    for page in (await alice.sign_in(login), await bob.decide(asking), await bob.browser.open(location)):
        assert page.status == 400
        assert page.ids["oauth-error"]
    assert await deeds.count(house, Grant) == 0


async def test_an_address_that_is_removed_meanwhile_gets_nothing(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    asking = await person.sign_in(await person.visit(relying_party))
    location = await decided(person, asking)
    await deeds.change_client(house, "shop", redirect_uris=["https://shop.example.com/new"])

    for page in (await person.decide(asking), await person.browser.open(location)):
        assert page.status == 400
        assert page.ids["oauth-error"]
    assert await deeds.count(house, Grant) == 0


async def test_a_scope_that_is_taken_away_meanwhile_is_not_granted(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    asking = await person.sign_in(await person.visit(relying_party, scope="openid orders.write"))
    await deeds.change_client(house, "shop", scope="openid")

    answer = relying_party.answer(await person.decide(asking))

    assert answer.error == "invalid_scope"
    assert await deeds.count(house, Grant) == 0


async def test_a_user_who_is_disabled_meanwhile_starts_afresh(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    asking = await person.sign_in(await person.visit(relying_party))
    location = await decided(person, asking)
    await deeds.disable_user(house, "alice")

    assert (await person.browser.open(location)).path == "/login"
    assert (await person.decide(asking)).path == "/login"
    assert await deeds.count(house, Grant) == 0


async def test_after_signing_out_in_another_tab_the_consent_page_leads_to_a_sign_in(
    person: Person, relying_party: RelyingParty
) -> None:
    asking = await person.sign_in(await person.visit(relying_party))
    await person.sign_out()

    page = await person.decide(asking)

    assert page.path == "/login"
    assert relying_party.answer(await person.decide(await person.sign_in(page))).code


async def test_whoever_takes_over_midway_answers_for_themselves(person: Person, relying_party: RelyingParty) -> None:
    page = await person.visit(relying_party)
    asking = await person.sign_in(page)
    person.username = "bob"

    asked_anew = await person.sign_in(page)  # the back button, and another name
    of_alice = await person.decide(asking)

    assert asked_anew.path == of_alice.path == "/consent"
    tokens = await relying_party.redeem(relying_party.answer(await person.decide(asked_anew)).code)
    userinfo = await relying_party.userinfo(tokens.access_token)
    assert userinfo.json()["email"] == "bob@example.com"
