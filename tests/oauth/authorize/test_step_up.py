"""Clients that want more than one factor: RFC 9470, and acr in OpenID Connect Core."""

import json
from datetime import timedelta
from typing import Any

import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts.factor_deeds import give_authenticator
from tests.actors.person import Person
from tests.actors.phone import Phone
from tests.actors.relying_party import RelyingParty, Tokens
from tests.oauth.deeds import change_client

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HERE, ADD = "/login/second-factor", "/login/add-factor"


def essential(*values: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(values)}}})


async def tokens_of(party: RelyingParty, page: Any) -> Tokens:
    return await party.redeem(party.answer(page).code)


@pytest.fixture
async def first_party(house: House, relying_party: RelyingParty) -> RelyingParty:
    """The shop, that need not ask for consent."""
    await change_client(house, "shop", skip_consent=True)
    return relying_party


@pytest.mark.parametrize("asked", [{"acr_values": "2"}, {"acr_values": "2 1"}, {"claims": essential("2")}])
async def test_who_signed_in_with_one_factor_proves_the_second(
    house: House, person: Person, first_party: RelyingParty, held_clock: HeldClock, asked: dict[str, str]
) -> None:
    await person.sign_in()
    began = held_clock.at
    phone = await give_authenticator(house)
    held_clock.move(timedelta(minutes=30))

    page = await person.visit(first_party, **asked)  # RFC 9470 §4
    assert page.path == HERE
    tokens = await tokens_of(first_party, await person.prove(page, phone.code()))

    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("2", ["pwd", "otp", "mfa"])
    # The password is as old as it was: nobody is told otherwise (OpenID Connect Core §2).
    assert tokens.id_claims["auth_time"] == int(began.timestamp())
    again = await tokens_of(first_party, await person.visit(first_party, **asked))
    assert again.id_claims["acr"] == "2"


async def test_who_has_no_factor_adds_one(person: Person, first_party: RelyingParty, held_clock: HeldClock) -> None:
    page = await person.sign_in(await person.visit(first_party, acr_values="2"))
    assert page.path == ADD

    await person.browser.submit(page, code=Phone.reading(page).code())
    tokens = await tokens_of(first_party, await person.visit(first_party, acr_values="2"))

    assert tokens.id_claims["acr"] == "2"


@on_one_database
async def test_nobody_adds_a_factor_on_a_sign_in_that_is_old(
    person: Person, first_party: RelyingParty, held_clock: HeldClock
) -> None:
    await person.sign_in()
    held_clock.move(timedelta(minutes=11))

    page = await person.visit(first_party, acr_values="2")
    assert page.path == "/login"

    assert (await person.sign_in(page)).path == ADD


@pytest.mark.parametrize(
    "asked", [{}, {"acr_values": "1"}, {"acr_values": "1 2"}, {"acr_values": "2 1"}, {"acr_values": "9"}]
)
@on_one_database
async def test_who_has_no_factor_is_left_in_peace_where_one_is_enough(
    person: Person, first_party: RelyingParty, asked: dict[str, str]
) -> None:
    await person.sign_in()

    tokens = await tokens_of(first_party, await person.visit(first_party, **asked))  # OpenID Connect Core §5.5.1.1

    assert tokens.id_claims["acr"] == "1"


@on_one_database
async def test_a_client_may_be_registered_as_wanting_two(
    house: House, person: Person, relying_party: RelyingParty
) -> None:
    await change_client(house, "shop", skip_consent=True, default_acr_values=["2"])

    page = await person.sign_in(await person.visit(relying_party))

    assert page.path == ADD  # OpenID Connect Dynamic Client Registration §2


async def test_who_says_no_to_what_is_essential_is_told_to_the_client(
    person: Person, first_party: RelyingParty
) -> None:
    page = await person.sign_in(await person.visit(first_party, claims=essential("2")))

    declined = await person.browser.submit(page, decision="decline")

    assert first_party.answer(declined).error == "unmet_authentication_requirements"  # Core §5.5.1.1, RFC 9470 §5


async def test_who_says_no_to_what_is_voluntary_goes_on_with_less(person: Person, first_party: RelyingParty) -> None:
    page = await person.sign_in(await person.visit(first_party, acr_values="2"))

    declined = await person.browser.submit(page, decision="decline")

    tokens = await tokens_of(first_party, declined)
    assert tokens.id_claims["acr"] == "1"  # OpenID Connect Core §3.1.2.1


@on_one_database
async def test_without_asking_the_person_the_essential_is_refused_and_the_rest_answered(
    person: Person, first_party: RelyingParty
) -> None:
    await person.sign_in()

    refused = first_party.answer(await person.visit(first_party, prompt="none", claims=essential("2")))
    answered = await tokens_of(first_party, await person.visit(first_party, prompt="none", acr_values="2"))

    assert refused.error == "login_required"  # OpenID Connect Core §3.1.2.6
    assert answered.id_claims["acr"] == "1"


@on_one_database
async def test_an_essential_class_that_one_factor_reaches_is_reached(person: Person, first_party: RelyingParty) -> None:
    await person.sign_in()

    tokens = await tokens_of(first_party, await person.visit(first_party, claims=essential("2", "1")))

    assert tokens.id_claims["acr"] == "1"  # Core §5.5.1.1


@on_one_database
async def test_two_factors_reach_whatever_one_would(house: House, person: Person, first_party: RelyingParty) -> None:
    with_phone = await give_authenticator(house)
    await person.prove(await person.sign_in(), with_phone.code())

    tokens = await tokens_of(first_party, await person.visit(first_party, claims=essential("1")))

    assert tokens.id_claims["acr"] in ("1", "2")
