"""Signing up: one account for each address, for whoever reads its mail, and nobody learns which there are."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from oidc_server.accounts.models import User
from oidc_server.cli import users as users_command
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.accounts import deeds, post
from tests.actors.browser import Browser, Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.conftest import Template, make_settings, running

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ADDRESS = "carol@example.com"
PASSWORD = "seven purple walruses"
TERMS = "https://example.com/terms"


@pytest.fixture
def settings(database_url: str, template: Template, request: pytest.FixtureRequest) -> Settings:
    """A server with terms; a test may choose more."""
    sign_up = {"terms_url": TERMS, "terms_version": "2026-05", **getattr(request, "param", {})}
    return make_settings(database_url, template.keys, sign_up=sign_up)


def with_settings(**changes: object) -> pytest.MarkDecorator:
    """A server that signs people up in another way."""
    return pytest.mark.parametrize("settings", [changes], indirect=True)


async def sign_up(person: Person, page: Page | None = None, **values: str) -> Page:
    """Fill in the form."""
    page = page or await person.browser.open("/signup")
    return await person.browser.submit(page, **{"email": ADDRESS, "password": PASSWORD, "terms": "yes", **values})


async def confirm(person: Person, house: House, email: str = ADDRESS) -> Page:
    """Open the link in the mail and press the button."""
    return await person.browser.submit(await person.browser.open(await post.link(house, email, "Confirm")))


async def count(house: House) -> int:
    """How many users there are."""
    return await deeds.in_transaction(house, lambda session: session.scalar(select(func.count(User.id))) or 0)


async def sign_in(person: Person, password: str = PASSWORD) -> Page:
    """Sign in with the address."""
    person.username = ADDRESS
    return await person.sign_in(password=password)


async def test_whoever_signs_up_confirms_their_address_and_is_in(person: Person, house: House) -> None:
    page = await sign_up(person)
    assert page.path == "/signup/sent"
    before = await deeds.user(house, ADDRESS)
    assert (before.email_verified, before.terms_version) == (False, "2026-05")
    assert before.terms_accepted_at is not None

    page = await confirm(person, house)

    assert page.path == "/"
    assert ADDRESS in page.text
    user = await deeds.user(house, ADDRESS)
    assert (user.email_verified, user.unconfirmed_since) == (True, None)


async def test_the_application_that_sent_them_is_not_forgotten(
    person: Person, house: House, relying_party: RelyingParty
) -> None:
    login = await person.visit(relying_party)
    sealed = login.form.fields["interaction"]
    await sign_up(person, await person.browser.open("/signup", interaction=sealed))

    page = await confirm(person, house)

    assert page.path == "/consent"
    assert relying_party.answer(await person.decide(page)).code


async def test_on_another_browser_the_owner_of_the_mailbox_chooses_the_password_and_nobody_is_signed_in(
    people: Callable[..., Person], house: House
) -> None:
    stranger, phone = people(), people()
    await sign_up(stranger)

    page = await confirm(phone, house)
    assert page.path == "/reset-password"
    assert (await sign_in(stranger)).status == 422

    await phone.browser.submit(page, password="nine purple walruses")
    assert "Nobody is signed in" in (await phone.browser.open("/")).text
    assert (await sign_in(stranger)).status == 422
    assert (await sign_in(phone, "nine purple walruses")).path == "/"


async def test_nobody_signs_in_before_their_address_is_confirmed(people: Callable[..., Person]) -> None:
    await sign_up(people())

    page = await sign_in(people())

    assert page.status == 422
    assert "link in our mail" in page.text
    assert "wrong" in (await sign_in(people(), "not her password")).text


@on_one_database
async def test_who_signs_up_and_then_in_learns_nothing_of_whether_the_address_had_an_account(
    people: Callable[..., Person],
) -> None:
    told = []
    for address in (ADDRESS, "alice@example.com"):
        stranger = people(address)
        await sign_up(stranger, email=address)
        page = await stranger.sign_in(password=PASSWORD)
        told.append((page.status, page.text.replace(address, "")))

    assert told[0] == told[1]


@on_one_database
async def test_throttling_doesn_t_tell_either_whether_the_address_had_an_account(
    people: Callable[..., Person], house: House
) -> None:
    statuses = []
    for address in (ADDRESS, "alice@example.com"):
        stranger = people(address)
        for _ in range(house.settings.throttle.user_failures):
            await stranger.sign_in(password="not the password at all")
        await sign_up(stranger, email=address)
        statuses.append((await stranger.sign_in(password=PASSWORD)).status)

    assert statuses == [429, 429]


@with_settings(require_verified_email=False)
@on_one_database
async def test_unless_the_operator_lets_them(person: Person, house: House) -> None:
    await sign_up(person)

    assert (await sign_in(person)).path == "/"
    assert "confirmed" in (await confirm(person, house)).text


@on_one_database
async def test_nobody_learns_which_addresses_have_accounts(people: Callable[..., Person], house: House) -> None:
    seen = []
    for address in ("alice@example.com", ADDRESS, "ALICE@example.com"):
        page = await sign_up(people(), email=address)
        varying = {"date", "x-request-id", "content-length"}
        headers = {key: value for key, value in page.response.headers.items() if key not in varying}
        seen.append((page.status, page.path, page.text, headers))

    assert all(one == seen[0] for one in seen)
    assert {letter.subject for letter in await post.letters(house, "alice@example.com")} == {
        "You have an account already"
    }
    assert (await deeds.user(house, "alice@example.com")).username == "alice"


async def test_of_many_at_once_one_account_is_made(people: Callable[..., Person], house: House) -> None:
    before = await count(house)
    pages = await asyncio.gather(*(sign_up(people()) for _ in range(10)))

    assert {page.path for page in pages} == {"/signup/sent"}
    assert await count(house) == before + 1


async def test_who_reads_the_mail_decides_whose_password_counts(people: Callable[..., Person], house: House) -> None:
    thief, carol = people(), people()
    await sign_up(thief, password="a password of the thief")
    old = await post.link(house, ADDRESS)
    await sign_up(carol)

    await confirm(carol, house)

    assert (await carol.browser.open(old)).status == 410
    assert "wrong" in (await sign_in(thief, "a password of the thief")).text


@on_one_database
async def test_an_account_that_nobody_confirms_is_removed(person: Person, house: House, held_clock: HeldClock) -> None:
    await sign_up(person)
    before = await count(house)
    held_clock.move(house.settings.sign_up.unconfirmed_for + timedelta(seconds=1))

    done = await house.database.run(house.clean_up)

    assert done["unconfirmed_users"] == 1
    assert await count(house) == before - 1


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"email": "carol"}, "not an e-mail address"),
        ({"password": "short"}, "too short"),
        ({"password": "carol@example.com"}, "easy to guess"),
        ({"terms": ""}, "agree to the terms"),
    ],
)
@on_one_database
async def test_what_cannot_be_taken_is_told_and_makes_nothing(
    person: Person, house: House, values: dict[str, str], told: str
) -> None:
    before = await count(house)

    page = await sign_up(person, None, **values)

    assert page.status == 422
    assert told in page.ids["problem"]
    assert page.form.fields["password"] == ""
    assert await count(house) == before


@with_settings(mode="off")
@on_one_database
async def test_where_nobody_may_sign_up_there_is_no_such_page(person: Person) -> None:
    assert (await person.browser.open("/signup")).status == 404
    assert "Create an account" not in (await person.browser.open("/login")).text


@with_settings(mode="invitation")
async def test_whoever_was_invited_signs_up_once(people: Callable[..., Person], house: House) -> None:
    person = people()
    assert (await person.browser.open("/signup")).status == 403
    await house.database.run(users_command._invite, house, ADDRESS)
    link = await post.link(house, ADDRESS)
    form = await person.browser.open(link)

    page = await sign_up(person, form, email="mallory@example.com")

    assert page.path == "/login"
    user = await deeds.user(house, ADDRESS)
    assert user.email_verified
    assert (await sign_in(person)).path == "/"
    assert (await people().browser.open(link)).status == 410
    assert (await sign_up(person, form)).status == 410


@on_one_database
async def test_too_many_mails_to_one_address_are_not_sent_and_nobody_is_told(
    people: Callable[..., Person], house: House
) -> None:
    pages = [await sign_up(people()) for _ in range(house.settings.throttle.mails_per_account + 3)]

    assert {page.path for page in pages} == {"/signup/sent"}
    assert len(await post.letters(house, ADDRESS)) == house.settings.throttle.mails_per_account


@on_one_database
async def test_too_many_from_one_place_are_refused(database_url: str, template: Template) -> None:
    settings = make_settings(database_url, template.keys, throttle={"mails_per_address": 2})
    async with running(settings) as app:
        person = Person(Browser.within(app, settings.issuer, "203.0.113.9"))
        statuses = [(await sign_up(person, email=f"c{number}@example.com")).status for number in range(3)]
        await person.browser.close()

    assert statuses == [200, 200, 429]


@on_one_database
async def test_a_development_server_shows_its_mail(person: Person, house: House) -> None:
    await sign_up(person)

    page = await person.browser.open("/dev/mailbox")

    assert f'<a href="{await post.link(house, ADDRESS)}' in page.response.text.replace("&amp;", "&")


def test_a_server_in_production_has_no_mailbox_and_needs_smtp_to_sign_people_up(template: Template) -> None:
    with pytest.raises(ValueError, match="OIDC_SMTP_URL"):
        Settings(_env_file=None, issuer="https://id.example.com", sign_up={"mode": "open"})
    assert Settings(_env_file=None, issuer="https://id.example.com").sign_up_mode == "off"
