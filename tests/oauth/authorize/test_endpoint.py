"""The authorization endpoint: what people are asked, and what the client is told in the end."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.tokens.models import Grant
from tests import factories
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, claims
from tests.oauth import deeds

STATES = [
    "a b+c&d=e%26#f?g/h",
    "äöü €\U0001f511\u200b",
    "\r\nLocation: https://evil.example",
    "\"'<script>\\",
    "%",
    " ",
    "&code=forged&iss=https://evil.example",
    "x" * 2000,
]


async def test_without_a_session_a_silent_request_is_answered_login_required(
    person: Person, relying_party: RelyingParty
) -> None:
    answer = relying_party.answer(await person.visit(relying_party, prompt="none"))

    assert answer.error == "login_required"  # OpenID Connect Core §3.1.2.6
    assert answer.parameters["state"] == "the-state"
    assert answer.parameters["iss"] == "https://id.example.com"


async def test_without_a_consent_a_silent_request_is_answered_consent_required(
    person: Person, relying_party: RelyingParty
) -> None:
    await person.sign_in()

    # Core §3.1.2.6
    assert relying_party.answer(await person.visit(relying_party, prompt="none")).error == "consent_required"


async def test_a_silent_request_succeeds_once_everything_is_settled(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    first = await relying_party.redeem((await person.approve(relying_party)).code)

    answer = relying_party.answer(await person.visit(relying_party, prompt="none", nonce="another"))
    again = await relying_party.redeem(answer.code)

    assert again.id_claims["sub"] == first.id_claims["sub"]  # Core §3.1.2.3
    assert again.id_claims["auth_time"] == first.id_claims["auth_time"]
    assert again.id_claims["nonce"] == "another"
    await deeds.withdraw_consent(house, "alice", "shop")
    assert relying_party.answer(await person.visit(relying_party, prompt="none")).error == "consent_required"


async def test_prompt_login_forces_a_fresh_sign_in(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    first = await relying_party.redeem((await person.approve(relying_party)).code)
    held_clock.move(timedelta(minutes=5))

    page = await person.visit(relying_party, prompt="login")
    answer = relying_party.answer(await person.sign_in(page))

    again = await relying_party.redeem(answer.code)
    assert again.id_claims["auth_time"] == first.id_claims["auth_time"] + 300  # OpenID Connect Core §2
    assert again.id_claims["sub"] == first.id_claims["sub"]


async def test_a_fresh_sign_in_counts_for_one_request_only(person: Person, relying_party: RelyingParty) -> None:
    await person.approve(relying_party, prompt="login")

    assert (await person.visit(relying_party, prompt="login")).path == "/login"  # Core §3.1.2.3


async def test_a_sign_in_for_one_request_is_none_for_another_that_waits(
    person: Person, relying_party: RelyingParty, spa: RelyingParty
) -> None:
    await person.approve(relying_party)
    await person.approve(spa)
    waiting = await person.visit(spa, prompt="login")

    relying_party.answer(await person.sign_in(await person.visit(relying_party, prompt="login")))

    sealed = waiting.form.fields["interaction"]
    assert (await person.browser.open("/authorize", interaction=sealed)).path == "/login"


async def test_prompt_consent_asks_again(person: Person, relying_party: RelyingParty) -> None:
    await person.approve(relying_party)

    page = await person.visit(relying_party, prompt="consent")

    assert page.path == "/consent"  # Core §3.1.2.4
    assert relying_party.answer(await person.decide(page)).code


async def test_prompt_login_consent_asks_for_both(person: Person, relying_party: RelyingParty) -> None:
    await person.approve(relying_party)

    page = await person.sign_in(await person.visit(relying_party, prompt="login consent"))

    assert relying_party.answer(await person.decide(page)).code


async def test_an_old_sign_in_does_not_satisfy_max_age(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    await person.approve(relying_party)
    held_clock.move(timedelta(seconds=60))
    assert relying_party.answer(await person.visit(relying_party, max_age="60")).code
    held_clock.move(timedelta(seconds=1))

    silent = relying_party.answer(await person.visit(relying_party, max_age="60", prompt="none"))
    page = await person.visit(relying_party, max_age="60")
    tokens = await relying_party.redeem(relying_party.answer(await person.sign_in(page)).code)

    assert silent.error == "login_required"
    assert tokens.id_claims["auth_time"] == int(held_clock.at.timestamp())  # OpenID Connect Core §3.1.2.1


async def test_max_age_zero_can_be_satisfied(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    await person.approve(relying_party)
    held_clock.move(timedelta(milliseconds=1))

    page = await person.visit(relying_party, max_age="0")

    assert page.path == "/login"
    assert relying_party.answer(await person.sign_in(page)).code


async def test_a_hint_at_the_person_who_is_signed_in_changes_nothing(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)
    held_clock.move(timedelta(hours=3))
    assert tokens.id_claims["exp"] < held_clock.at.timestamp()

    page = await person.visit(relying_party, id_token_hint=tokens.id_token, prompt="none")

    assert relying_party.answer(page).code  # an expired hint still says who is meant (Core §3.1.2.1)


async def test_a_hint_at_another_person_asks_for_them(
    people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    alice, bob = people("alice"), people("bob")
    hint = (await relying_party.redeem((await alice.approve(relying_party)).code)).id_token
    await bob.approve(relying_party)

    silent = relying_party.answer(await bob.visit(relying_party, id_token_hint=hint, prompt="none"))
    page = await bob.visit(relying_party, id_token_hint=hint)
    insisted = relying_party.answer(await bob.sign_in(page))

    assert silent.error == "login_required"
    assert page.path == "/login"
    assert insisted.error == "login_required"  # not the person whom the client wants (Core §3.1.2.1)


async def test_the_hinted_person_may_take_over_the_browser(
    people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    hint = (await relying_party.redeem((await people("alice").approve(relying_party)).code)).id_token
    bob = people("bob")
    await bob.approve(relying_party)

    page = await bob.visit(relying_party, id_token_hint=hint)
    bob.username = "alice"
    tokens = await relying_party.redeem(relying_party.answer(await bob.sign_in(page)).code)

    assert tokens.id_claims["sub"] == claims(hint)["sub"]


async def test_no_is_told_to_the_client_and_nothing_is_granted(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    answer = await person.refuse(relying_party)

    assert answer.error == "access_denied"  # RFC 6749 §4.1.2.1
    assert answer.parameters["state"] == "the-state"
    assert "code" not in answer.parameters
    assert await deeds.count(house, Grant) == 0
    assert (await person.visit(relying_party)).path == "/consent"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_state_survives_the_whole_way(person: Person, relying_party: RelyingParty, state: str) -> None:
    granted = await person.approve(relying_party, state=state)
    refused = relying_party.answer(await person.visit(relying_party, state=state, prompt="none login"))

    assert granted.parameters["state"] == state
    assert refused.parameters["state"] == state
    assert granted.parameters.keys() == {"code", "state", "iss", "session_state"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_redirect_uri_keeps_its_own_query(person: Person, http: httpx2.AsyncClient, house: House) -> None:
    own = "https://tenants.example.com/cb?tenant=1&name=a%20b%2Fc"
    await factories.add_client(house, **factories.client("tenants", redirect_uris=[own]))
    party = RelyingParty(http, "tenants", redirect_uri=own)

    answer = await person.approve(party)

    assert answer.location.startswith(own + "&")  # RFC 6749 §3.1.2
    assert answer.parameters["tenant"] == "1"
    assert answer.parameters["name"] == "a b/c"
    assert (await party.redeem(answer.code)).status == 200


async def test_a_posted_request_works_like_any_other(person: Person, relying_party: RelyingParty) -> None:
    sent = await person.browser.post("/authorize", relying_party.request())  # OpenID Connect Core §3.1.2.1
    assert sent.status == 303

    page = await person.sign_in(await person.browser.open(sent.response.headers["location"]))
    answer = relying_party.answer(await person.decide(page))

    assert answer.parameters["state"] == "the-state"
    assert (await relying_party.redeem(answer.code)).status == 200


async def test_a_request_posted_by_another_site_finds_the_session_all_the_same(
    people: Callable[..., Person], relying_party: RelyingParty
) -> None:
    alice, stranger = people("alice"), people("alice")
    await alice.approve(relying_party)

    without_cookies = await stranger.browser.post("/authorize", relying_party.request(), Origin="https://shop.example")
    page = await alice.browser.open(without_cookies.response.headers["location"])

    assert relying_party.answer(page).code


async def test_a_posted_request_that_is_opened_twice_leads_to_two_codes_of_two_grants(
    person: Person, relying_party: RelyingParty
) -> None:
    await person.approve(relying_party)
    posted = (await person.browser.post("/authorize", relying_party.request())).response.headers["location"]

    codes = {relying_party.answer(await person.browser.open(posted)).code for _ in range(2)}

    assert len(codes) == 2
    for code in codes:
        assert (await relying_party.redeem(code)).status == 200


async def test_of_fifty_visits_of_one_decided_interaction_one_is_granted(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    page = await person.sign_in(await person.visit(relying_party))
    decided = await person.browser.http.post("/consent", data={**page.form.fields, "decision": "allow"})
    there = decided.headers["location"]

    answers = await asyncio.gather(*(person.browser.http.get(there) for _ in range(50)))

    locations = [answer.headers["location"] for answer in answers]
    assert sum("code=" in location for location in locations) == 1
    assert sum(location.startswith("/authorize?response_type=code") for location in locations) == 49
    assert await deeds.count(house, Grant) == 1


async def test_neither_codes_nor_pages_on_the_way_are_kept_in_caches(
    person: Person, relying_party: RelyingParty
) -> None:
    page = await person.visit(relying_party)
    way = [page.response, (await person.sign_in(page)).response]
    way.append(await person.browser.http.get(relying_party.authorization_url()))

    assert {response.headers["cache-control"] for response in way} == {"no-store"}  # RFC 6749 §10.5


async def test_scripts_of_other_sites_cannot_call_the_authorization_endpoint(
    person: Person, relying_party: RelyingParty
) -> None:
    await person.approve(relying_party)
    headers = {"Origin": "https://shop.example.com"}

    asked = await person.browser.http.get(relying_party.authorization_url(), headers=headers)
    page = await person.browser.http.get("/login", headers=headers)

    for response in (asked, page):
        assert not any(name.startswith("access-control-") for name in response.headers)  # RFC 9700 §2.6


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_other_methods_are_refused(person: Person, relying_party: RelyingParty, method: str) -> None:
    page = Page(await person.browser.http.request(method, relying_party.authorization_url()))

    assert page.status == 405
    assert {"GET", "POST"} <= set(page.response.headers["allow"].split(", "))  # RFC 9110 §15.5.6
