"""Passkeys: who may make one, and what an authenticator must show (Web Authentication Level 3)."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from oidc_server.accounts import directory
from oidc_server.accounts.models import Passkey
from oidc_server.audit.events import Event
from oidc_server.foundation import clock
from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.encoding import b64url
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.accounts import deeds
from tests.accounts.factor_deeds import give_authenticator, give_recovery_codes
from tests.actors.authenticator import Authenticator, challenge_of, options
from tests.actors.browser import Form, Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.oauth.deeds import events

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = "/account/security/passkeys"


async def is_signed_in(person: Person) -> bool:
    return "You are signed in" in (await person.browser.open("/")).text


async def kept(house: House) -> list[Passkey]:
    return await deeds.in_transaction(house, lambda session: list(session.scalars(select(Passkey))))


@pytest.fixture
async def authenticator(person: Person) -> Authenticator:
    """Alice's, with a passkey; she has signed out."""
    await person.sign_in()
    made = await person.add_passkey()
    await person.sign_out()
    return made


async def test_a_passkey_alone_signs_its_owner_in_with_two_factors(
    authenticator: Authenticator, person: Person, relying_party: RelyingParty
) -> None:
    page = await person.use_passkey(authenticator, await person.visit(relying_party, acr_values="2"))
    tokens = await relying_party.redeem(relying_party.answer(await person.decide(page)).code)

    assert tokens.id_claims["acr"] == "2"
    assert tokens.id_claims["amr"] == ["pop", "user", "mfa"]  # RFC 8176 §2


async def test_after_the_password_a_passkey_is_the_second_factor(
    authenticator: Authenticator, person: Person, relying_party: RelyingParty
) -> None:
    page = await person.sign_in(await person.visit(relying_party))
    assert page.path == "/login/second-factor"
    asked = options(page)["allowCredentials"]
    page = await person.browser.submit(page, credential=authenticator.answer(page))
    tokens = await relying_party.redeem(relying_party.answer(await person.decide(page)).code)

    assert [one["id"] for one in asked] == [b64url(authenticator.credential_id)]
    assert tokens.id_claims["amr"] == ["pwd", "pop", "user", "mfa"]


async def test_what_is_asked_for_and_what_is_kept(house: House, person: Person) -> None:
    await person.sign_in()
    page = await person.browser.open(NEW)
    asked = options(page)
    authenticator = Authenticator()
    shown = await person.browser.submit(page, name="  my   phone ", credential=authenticator.create(page))
    again = options(await person.browser.open(NEW))
    (row,) = await kept(house)

    assert asked["rp"]["id"] == "id.example.com"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["authenticatorSelection"]["residentKey"] == "preferred"
    assert asked["user"]["id"] != b64url(row.user_id.bytes)
    assert again["user"]["id"] == asked["user"]["id"] == row.user_handle
    assert [one["id"] for one in again["excludeCredentials"]] == [row.credential_id]
    assert row.name == "my phone"
    assert len(shown.ids["codes"].split()) == 10


BAD: dict[str, Callable[[Authenticator], Any]] = {
    "another site": lambda one: setattr(one, "origin", "https://evil.example.com"),
    "another port": lambda one: setattr(one, "origin", "https://id.example.com:8443"),
    "another relying party": lambda one: setattr(one, "rp_id", "example.com"),
    "whoever holds it": lambda one: setattr(one, "knows_its_owner", False),
    "another key": lambda one: one.__post_init__(),
    "another owner": lambda one: setattr(one, "user_handle", b64url(b"x" * 32)),
    "no owner": lambda one: setattr(one, "user_handle", ""),
    "an unknown credential": lambda one: setattr(one, "credential_id", b"x" * 32),
}


@pytest.mark.parametrize("change", BAD)
@on_one_database
async def test_nothing_else_signs_anybody_in(authenticator: Authenticator, person: Person, change: str) -> None:
    BAD[change](authenticator)

    refused = await person.use_passkey(authenticator)

    assert refused.status == 422
    assert not await is_signed_in(person)


@pytest.mark.parametrize("change", ["another site", "another relying party", "whoever holds it"])
@on_one_database
async def test_nothing_else_becomes_a_passkey(house: House, person: Person, change: str) -> None:
    await person.sign_in()
    page = await person.browser.open(NEW)
    authenticator = Authenticator()
    BAD[change](authenticator)

    refused = await person.browser.submit(page, name="mine", credential=authenticator.create(page))

    assert refused.status == 422
    assert await kept(house) == []


@pytest.mark.parametrize(
    "answer", ["", "{", "[]", "null", "1", '{"id": 1}', "{}", json.dumps({"id": "AA", "rawId": "AA", "response": 1})]
)
@pytest.mark.parametrize("page", ["/login", NEW])
@on_one_database
async def test_junk_is_refused_and_never_a_mistake_of_ours(person: Person, page: str, answer: str) -> None:
    await person.sign_in()
    shown = await person.browser.open(page)
    action = "/login/passkey" if page == "/login" else NEW

    refused = await person.browser.send(Form(action, {**shown.form.fields, "credential": answer, "name": "x"}))

    assert refused.status == 422


async def answer(person: Person, page: Page, credential: str) -> Page:
    fields = {**page.form.fields, "credential": credential}
    return await person.browser.send(Form("/login/passkey", fields))


async def test_a_challenge_is_answered_once(authenticator: Authenticator, person: Person) -> None:
    page = await person.browser.open("/login")
    answers = [authenticator.answer(page) for _ in range(10)]

    shown = await asyncio.gather(
        *(person.browser.post("/login/passkey", {**page.form.fields, "credential": one}) for one in answers)
    )

    assert sorted(one.status for one in shown) == [303, *[422] * 9]


@on_one_database
async def test_a_challenge_lasts_ten_minutes(
    authenticator: Authenticator, person: Person, held_clock: HeldClock
) -> None:
    page = await person.browser.open("/login")
    held_clock.move(timedelta(minutes=10))

    assert (await answer(person, page, authenticator.answer(page))).status == 422
    assert not await is_signed_in(person)


@on_one_database
async def test_a_challenge_is_for_one_browser(authenticator: Authenticator, people: Callable[..., Person]) -> None:
    mine, thiefs = people("alice"), people("bob")
    page = await mine.browser.open("/login")
    own = await thiefs.browser.open("/login")
    fields = {**own.form.fields, "ceremony": page.form.fields["ceremony"]}

    stolen = await thiefs.browser.send(Form("/login/passkey", {**fields, "credential": authenticator.answer(page)}))

    assert stolen.status == 422
    assert not await is_signed_in(thiefs)


@on_one_database
async def test_a_challenge_is_for_one_deed(authenticator: Authenticator, person: Person) -> None:
    login = await person.browser.open("/login")
    second = await person.sign_in(login)
    assert challenge_of(login) != challenge_of(second)

    mixed = await answer(person, second, authenticator.answer(second))

    assert mixed.status == 422


@on_one_database
async def test_another_persons_passkey_is_no_second_factor(
    authenticator: Authenticator, house: House, people: Callable[..., Person]
) -> None:
    await give_authenticator(house, "bob")
    bob = people("bob")
    await bob.prove(await bob.sign_in(), (await give_recovery_codes(house, "bob"))[0])
    his = await bob.add_passkey()
    await bob.sign_out()
    page = await bob.sign_in()
    his.credential_id, his.key, his.user_handle = (
        authenticator.credential_id,
        authenticator.key,
        authenticator.user_handle,
    )

    refused = await bob.browser.submit(page, credential=his.answer(page))

    assert refused.status == 422


async def test_a_disabled_person_gets_in_with_no_passkey(
    authenticator: Authenticator, house: House, person: Person
) -> None:
    await factories.add_user(house, **factories.user("alice", enabled=False))

    assert (await person.use_passkey(authenticator)).status == 422


async def test_a_passkey_made_before_addresses_had_to_be_confirmed_lets_nobody_in(
    authenticator: Authenticator, house: House, person: Person
) -> None:
    alice = await deeds.user(house, "alice")
    await deeds.in_transaction(house, directory.update_user, alice.id, unconfirmed_since=clock.now())

    assert (await person.use_passkey(authenticator)).status == 422
    assert not await is_signed_in(person)


async def test_a_passkey_that_counts_backwards_is_noted(
    authenticator: Authenticator, house: House, person: Person
) -> None:
    authenticator.counts = True
    authenticator.counter = 7
    await person.use_passkey(authenticator)
    assert not [one for one in await events(house) if one.event == Event.PASSKEY_COUNTER_FELL]
    authenticator.counter = 3

    await person.use_passkey(authenticator)  # WebAuthn §6.1.1

    assert [one for one in await events(house) if one.event == Event.PASSKEY_COUNTER_FELL]
    assert (await kept(house))[0].sign_count == 8


@on_one_database
async def test_a_form_of_another_site_is_not_taken(authenticator: Authenticator, person: Person) -> None:
    page = await person.browser.open("/login")
    fields = {**page.form.fields, "credential": authenticator.answer(page)}

    foreign = await person.browser.post("/login/passkey", fields, origin="https://evil.example")
    without = await person.browser.post("/login/passkey", {**fields, "csrf_token": ""})

    assert (foreign.status, without.status) == (403, 403)
    assert not await is_signed_in(person)


class TestAtAnAddressWithoutAName:
    """Browsers make passkeys for names only."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """An issuer at an IP address."""
        return make_settings(database_url, template.keys, issuer="https://192.0.2.7")

    @on_one_database
    async def test_nobody_is_offered_one(self, person: Person) -> None:
        page = await person.sign_in()
        own = await person.browser.open("/account/security")
        sent_back = await person.browser.open(NEW)

        assert "passkey" not in (await person.browser.open("/login")).ids
        assert "add-passkey" not in own.ids
        assert sent_back.path == "/account/security"
        assert page.status == 200
