"""/account/security: people add and remove factors, with a fresh proof, and never lock themselves out unawares."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from oidc_server.accounts import factors
from oidc_server.accounts.models import User
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts.deeds import in_transaction, user
from tests.accounts.factor_deeds import give_authenticator
from tests.actors.person import Person
from tests.actors.phone import Phone
from tests.actors.relying_party import RelyingParty

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE, ADD = "/account/security", "/account/security/authenticator"


async def test_an_app_counts_once_a_code_has_confirmed_it(person: Person, held_clock: HeldClock) -> None:
    await person.sign_in()
    page = await person.browser.open(ADD)
    await person.sign_out()
    assert (await person.sign_in()).path == "/"

    wrong = await person.browser.submit(await person.browser.open(ADD), code="000000")
    assert wrong.status == 422
    await person.add_authenticator()
    await person.sign_out()

    assert (await person.sign_in()).path == "/login/second-factor"
    assert Phone.reading(page).secret


async def test_the_session_in_which_a_factor_was_added_has_two(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    await person.sign_in()
    await person.add_authenticator()

    tokens = await relying_party.redeem((await person.approve(relying_party, acr_values="2")).code)

    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("2", ["pwd", "otp", "mfa"])


async def test_of_many_confirmations_at_once_one_is_kept(house: House, person: Person, held_clock: HeldClock) -> None:
    await person.sign_in()
    page = await person.browser.open(ADD)
    data = {**page.form.fields, "code": Phone.reading(page).code()}

    answers = await asyncio.gather(*(person.browser.post(ADD, data) for _ in range(10)))

    assert sum("codes" in one.ids for one in answers) == 1


@pytest.mark.parametrize("path", [ADD, "/account/security/passkeys"])
@on_one_database
async def test_adding_needs_a_fresh_proof(person: Person, held_clock: HeldClock, path: str) -> None:
    await person.sign_in()
    held_clock.move(timedelta(minutes=11))

    page = await person.browser.open(path)
    assert page.path == "/login"

    assert (await person.sign_in(page)).path == path


@pytest.mark.parametrize("to", ["authenticator/remove", "recovery-codes"])
@on_one_database
async def test_changing_needs_a_fresh_proof(person: Person, held_clock: HeldClock, to: str) -> None:
    await person.sign_in()
    await person.add_authenticator()
    page = await person.browser.open(PAGE)
    held_clock.move(timedelta(minutes=11))

    stale = await person.browser.submit(page, to=to)

    assert stale.path == "/login"
    assert "authenticator/remove" in (await person.browser.open(PAGE)).response.text


@on_one_database
async def test_a_session_from_before_a_factor_proves_it_before_it_changes_any(
    house: House, person: Person, held_clock: HeldClock
) -> None:
    await person.sign_in()
    phone = await give_authenticator(house)

    page = await person.browser.open("/account/security/passkeys")
    assert page.path == "/login/second-factor"

    assert (await person.prove(page, phone.code())).path == "/account/security/passkeys"


async def test_what_is_removed_is_not_asked_for(person: Person, held_clock: HeldClock) -> None:
    await person.sign_in()
    await person.add_authenticator()
    passkey = await person.add_passkey()

    await person.browser.submit(await person.browser.open(PAGE), to="authenticator/remove")
    own = await person.browser.submit(await person.browser.open(PAGE), to="passkeys/remove")
    assert "codes-left" not in own.ids
    await person.sign_out()

    assert (await person.use_passkey(passkey)).status == 422
    assert (await person.sign_in()).path == "/"


async def test_the_only_way_in_stays(house: House, person: Person) -> None:
    await person.sign_in()
    await person.add_passkey()
    await in_transaction(house, lambda session: session.execute(update(User).values(password_hash=None)) and None)

    refused = await person.browser.submit(await person.browser.open(PAGE), to="passkeys/remove")

    assert refused.status == 422
    assert "only way" in refused.ids["problem"]


@on_one_database
async def test_another_persons_passkey_is_not_removed(house: House, people: object, person: Person) -> None:
    await person.sign_in()
    passkey = await person.add_passkey()
    page = await person.browser.open(PAGE)
    theirs = page.form_to("passkeys/remove").fields["id"]
    await person.sign_out()
    person.username = "bob"
    await person.sign_in()
    await person.add_passkey()

    await person.browser.submit(await person.browser.open(PAGE), to="passkeys/remove", id=theirs)
    await person.sign_out()

    assert (await person.use_passkey(passkey)).path == "/"


@on_one_database
async def test_few_codes_are_noted_and_new_ones_made(person: Person, held_clock: HeldClock) -> None:
    await person.sign_in()
    phone, codes = await person.add_authenticator()
    for code in codes[:7]:
        await person.sign_out()
        await person.prove(await person.sign_in(), code)

    page = await person.browser.open(PAGE)
    assert "3 codes are left" in page.ids["codes-left"]
    assert "new ones" in page.ids["codes-left"]
    fresh = (await person.browser.submit(page, to="recovery-codes")).ids["codes"].split()

    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    assert phone.secret


@on_one_database
async def test_who_has_no_factor_gets_no_codes(person: Person) -> None:
    await person.sign_in()
    page = await person.browser.open(ADD)

    sent = await person.browser.post("/account/security/recovery-codes", page.form.fields)

    assert sent.status == 303


async def test_a_reset_by_an_operator_ends_everything_and_a_password_is_enough_again(
    house: House, person: Person, held_clock: HeldClock
) -> None:
    await person.sign_in()
    await person.add_authenticator()
    passkey = await person.add_passkey()

    had = await in_transaction(house, factors.reset, await user(house, "alice"))

    assert had.count == 2
    assert (await person.browser.open(PAGE)).path == "/login"
    assert (await person.use_passkey(passkey)).status == 422
    assert (await person.sign_in()).path == "/"


@pytest.mark.parametrize(
    "path",
    ["authenticator", "authenticator/remove", "passkeys", "passkeys/remove", "recovery-codes", "browsers/remove"],
)
@on_one_database
async def test_a_form_of_another_site_changes_nothing(person: Person, path: str) -> None:
    await person.sign_in()

    refused = await person.browser.post(f"{PAGE}/{path}", {"code": "000000"}, origin="https://evil.example")

    assert refused.status == 403
