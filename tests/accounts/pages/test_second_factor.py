"""The second step of signing in: nobody gets in by half, and every wrong way leads back to the step that is due."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from oidc_server.accounts import directory
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.accounts import deeds
from tests.accounts.factor_deeds import give_authenticator, give_recovery_codes
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.phone import Phone
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings
from tests.factories import PASSWORD

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HERE = "/login/second-factor"


async def is_signed_in(person: Person) -> bool:
    return "You are signed in" in (await person.browser.open("/")).text


async def test_a_password_and_a_code_let_somebody_in(
    house: House, person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    phone = await give_authenticator(house)

    page = await person.sign_in(await person.visit(relying_party))
    assert page.path == HERE
    assert not await is_signed_in(person)
    page = await person.prove(page, phone.code())
    tokens = await relying_party.redeem(relying_party.answer(await person.decide(page)).code)

    assert tokens.id_claims["acr"] == "2"
    assert tokens.id_claims["amr"] == ["pwd", "otp", "mfa"]  # RFC 8176 §2
    assert tokens.access_claims["acr"] == "2"  # RFC 9470 §6.1
    told = await relying_party.introspect(tokens.access_token)
    assert (told["acr"], told["auth_time"]) == ("2", tokens.id_claims["auth_time"])  # RFC 9470 §6.2


async def test_a_recovery_code_does_as_well(house: House, person: Person) -> None:
    await give_authenticator(house)
    code = (await give_recovery_codes(house))[0]

    await person.prove(await person.sign_in(), code)

    assert await is_signed_in(person)


async def test_a_wrong_code_lets_nobody_in_and_asks_again(house: House, person: Person, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)

    page = await person.prove(await person.sign_in(), "000000")

    assert (page.status, page.path) == (422, HERE)
    assert "wrong" in page.ids["problem"]
    assert not await is_signed_in(person)
    await person.prove(page, phone.code())
    assert await is_signed_in(person)


async def test_of_fifty_who_send_one_code_at_once_one_gets_in(
    house: House, person: Person, held_clock: HeldClock
) -> None:
    phone = await give_authenticator(house)
    page = await person.sign_in()
    data = {**page.form.fields, "code": phone.code()}

    answers = await asyncio.gather(*(person.browser.post(HERE, data) for _ in range(50)))

    assert sum("oidc_session" in one.response.headers.get("set-cookie", "") for one in answers) == 1


@on_one_database
async def test_half_a_sign_in_works_once(house: House, person: Person, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)
    page = await person.sign_in()
    await person.prove(page, phone.code())
    await person.sign_out()
    held_clock.move(timedelta(seconds=30))

    again = await person.prove(page, phone.code())

    assert again.path == "/login"
    assert not await is_signed_in(person)


@on_one_database
async def test_the_step_sent_twice_leads_on_and_not_astray(house: House, person: Person, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)
    page = await person.sign_in()
    await person.prove(page, phone.code())

    again = await person.prove(page, phone.code())

    assert again.path == "/"


@on_one_database
async def test_half_a_sign_in_lasts_ten_minutes(house: House, person: Person, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)
    page = await person.sign_in()
    held_clock.move(timedelta(minutes=10))

    late = await person.prove(page, phone.code())

    assert late.path == "/login"
    assert not await is_signed_in(person)


@on_one_database
async def test_half_a_sign_in_is_worth_nothing_on_another_browser(
    house: House, people: Callable[..., Person], held_clock: HeldClock
) -> None:
    phone = await give_authenticator(house)
    alice, thief = people("alice"), people("bob")
    page = await alice.sign_in()
    await thief.browser.open("/login")

    stolen = await thief.browser.open(str(page.response.url))
    sent = await thief.browser.submit(page, code=phone.code())

    assert stolen.path == "/login"
    assert sent.path == "/login"
    assert not await is_signed_in(thief)


@pytest.mark.parametrize("change", [{"password": "another password entirely"}, {"enabled": False}])
@on_one_database
async def test_half_a_sign_in_ends_with_the_password_or_the_user(
    house: House, person: Person, held_clock: HeldClock, change: dict[str, object]
) -> None:
    phone = await give_authenticator(house)
    page = await person.sign_in()
    held_clock.move(timedelta(seconds=1))
    await factories.add_user(house, **{**factories.user("alice"), **change})

    late = await person.prove(page, phone.code())

    assert late.path == "/login"


@pytest.mark.parametrize("path", [HERE, "/login/add-factor"])
@pytest.mark.parametrize("half", ["", "junk", "A" * 400])
@on_one_database
async def test_who_has_proven_nothing_is_led_to_the_login_page(person: Person, path: str, half: str) -> None:
    await person.browser.open("/login")

    shown = await person.browser.open(path, half=half)
    sent = await person.browser.post(path, {"half": half, "code": "000000"})

    assert shown.path == "/login"
    assert sent.status in (303, 403)
    assert not await is_signed_in(person)


@on_one_database
async def test_the_wrong_step_leads_to_the_one_that_is_due(house: House, person: Person) -> None:
    await give_authenticator(house)
    page = await person.sign_in()

    moved = await person.browser.open(str(page.response.url).replace("second-factor", "add-factor"))

    assert moved.path == HERE


@on_one_database
async def test_a_form_of_another_site_is_not_taken(house: House, person: Person, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)
    page = await person.sign_in()
    fields = {**page.form.fields, "code": phone.code()}

    foreign = await person.browser.post(HERE, fields, origin="https://evil.example")
    without = await person.browser.post(HERE, {**fields, "csrf_token": ""})

    assert (foreign.status, without.status) == (403, 403)
    assert not await is_signed_in(person)


class TestWhenEverybodyMust:
    """A policy that demands second factors of all."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """Everybody must have a second factor."""
        return make_settings(database_url, template.keys, factors={"required_for": "everybody"})

    async def test_who_has_none_adds_one_to_get_in(
        self, person: Person, relying_party: RelyingParty, held_clock: HeldClock
    ) -> None:
        page = await person.sign_in(await person.visit(relying_party))
        assert page.path == "/login/add-factor"
        assert not await is_signed_in(person)

        phone = Phone.reading(page)
        shown = await person.browser.submit(page, code=phone.code())
        codes = shown.ids["codes"].split()
        page = await person.visit(relying_party)
        tokens = await relying_party.redeem(relying_party.answer(await person.decide(page)).code)

        assert len(codes) == 10
        assert tokens.id_claims["acr"] == "2"

    @on_one_database
    async def test_a_wrong_code_shows_the_same_secret_again(self, person: Person, held_clock: HeldClock) -> None:
        page = await person.sign_in()

        again = await person.browser.submit(page, code="000000")

        assert again.status == 422
        assert Phone.reading(again).secret == Phone.reading(page).secret
        await person.browser.submit(again, code=Phone.reading(page).code())
        assert await is_signed_in(person)

    @on_one_database
    async def test_nobody_may_say_not_now(self, person: Person) -> None:
        page = await person.sign_in()

        assert "decline" not in page.ids
        again = await person.browser.submit(page, decision="decline")

        assert again.path == "/login/add-factor"
        assert not await is_signed_in(person)

    @on_one_database
    async def test_the_last_factor_stays(self, person: Person, held_clock: HeldClock) -> None:
        page = await person.sign_in()
        await person.browser.submit(page, code=Phone.reading(page).code())
        own = await person.browser.open("/account/security")

        refused = await person.browser.submit(own, to="authenticator/remove")

        assert "must have a second factor" in refused.ids["problem"]


class TestTrustedBrowsers:
    """Browsers on which people are not asked again."""

    @pytest.fixture
    async def phone(self, house: House, person: Person, held_clock: HeldClock) -> Phone:
        """Alice's phone, after she has trusted her browser and signed out."""
        phone = await give_authenticator(house)
        await person.prove(await person.sign_in(), phone.code(), trust="yes")
        await person.sign_out()
        held_clock.move(timedelta(minutes=5))
        return phone

    async def test_there_the_password_is_enough_and_nothing_more_is_claimed(
        self, phone: Phone, person: Person, relying_party: RelyingParty
    ) -> None:
        page = await person.sign_in(await person.visit(relying_party))
        tokens = await relying_party.redeem(relying_party.answer(await person.decide(page)).code)

        assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("1", ["pwd"])

    async def test_a_client_that_wants_two_factors_gets_two(
        self, phone: Phone, person: Person, relying_party: RelyingParty
    ) -> None:
        page = await person.sign_in(await person.visit(relying_party, acr_values="2"))
        assert page.path == HERE
        page = await person.prove(page, phone.code())
        tokens = await relying_party.redeem(relying_party.answer(await person.decide(page)).code)

        assert tokens.id_claims["acr"] == "2"

    @on_one_database
    async def test_what_needs_a_fresh_proof_needs_all_of_it(self, phone: Phone, person: Person) -> None:
        await person.sign_in()

        page = await person.browser.open("/account/security/passkeys")
        assert page.path == HERE
        page = await person.prove(page, phone.code())

        assert page.path == "/account/security/passkeys"

    @on_one_database
    async def test_another_browser_and_another_person_are_asked(
        self, phone: Phone, house: House, person: Person, people: Callable[..., Person]
    ) -> None:
        await give_authenticator(house, "bob")
        person.username = "bob"

        assert (await person.sign_in()).path == HERE
        assert (await people("alice").sign_in()).path == HERE

    @on_one_database
    async def test_a_browser_keeps_the_trust_of_the_last_five_people(
        self, phone: Phone, person: Person, house: House, held_clock: HeldClock
    ) -> None:
        names = ["alice", *(f"user{number}" for number in range(5))]
        for name in names[1:]:
            await factories.add_user(house, **factories.user(name))
            person.username = name
            own = await give_authenticator(house, name)
            page = await person.prove(await person.sign_in(), own.code(), trust="yes")
            assert page.status == 200
        kept = [name for name in person.browser.http.cookies if "oidc_trust" in name]
        asked = {}
        for name in names:
            person.username = name
            asked[name] = (await person.sign_in()).path == HERE

        assert len(kept) == 5
        assert [name for name in names if asked[name]] == ["alice"]

    @on_one_database
    async def test_trust_ends_by_itself(self, phone: Phone, person: Person, held_clock: HeldClock) -> None:
        held_clock.move(timedelta(days=30))

        assert (await person.sign_in()).path == HERE

    @pytest.mark.parametrize("deed", ["new password", "new factor", "taken back", "signed out everywhere"])
    @on_one_database
    async def test_trust_ends_with(
        self, phone: Phone, house: House, person: Person, held_clock: HeldClock, deed: str
    ) -> None:
        password = PASSWORD
        if deed == "new password":
            password = "another password entirely"
            await factories.add_user(house, **{**factories.user("alice"), "password": password})
        if deed == "signed out everywhere":
            await deeds.in_transaction(house, directory.end_everything, (await deeds.user(house, "alice")).id)
        if deed in ("new factor", "taken back"):
            await person.sign_in()
            own = await person.browser.open("/account/security/passkeys")
            await person.prove(own, phone.code())
            if deed == "new factor":
                await person.add_passkey()
            else:
                await person.browser.submit(await person.browser.open("/account/security"), to="browsers/remove")
            await person.sign_out()

        assert (await person.sign_in(password=password)).path == HERE

    @on_one_database
    async def test_the_database_holds_nothing_that_a_browser_could_show(self, phone: Phone, person: Person) -> None:
        own: Page = await person.browser.open("/login")
        cookies = [value for name, value in person.browser.http.cookies.items() if "trust" in name]

        assert len(cookies) == 1
        assert cookies[0] not in own.text


class TestWithoutTrust:
    """An operator who wants the factor every time."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """No browser is trusted."""
        return make_settings(database_url, template.keys, factors={"trust_browsers": False})

    @on_one_database
    async def test_nobody_is_offered_to_be_trusted(self, house: House, person: Person, held_clock: HeldClock) -> None:
        phone = await give_authenticator(house)
        page = await person.sign_in()
        assert "trust" not in page.form.fields
        await person.prove(page, phone.code(), trust="yes")
        await person.sign_out()

        assert (await person.sign_in()).path == HERE
