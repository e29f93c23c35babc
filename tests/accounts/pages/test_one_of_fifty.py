"""Of fifty who send the same at once, one is served: links in mails, passkeys, and what waits for a decision."""

import asyncio

import httpx2
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oidc_server.accounts.models import Authenticator as App
from oidc_server.accounts.models import Passkey
from oidc_server.audit.events import Event
from oidc_server.cli import users as users_command
from oidc_server.house import House
from oidc_server.sessions.models import BrowserSession
from oidc_server.tokens.models import Grant
from tests.accounts import deeds, post
from tests.actors.authenticator import Authenticator
from tests.actors.browser import Form
from tests.actors.device import Device
from tests.actors.person import Person
from tests.actors.phone import Phone
from tests.actors.relying_party import RelyingParty
from tests.oauth.deeds import events

FIFTY = 50
NEW = "engines weave algebra"
#: Too late, or told to come again: never a page that says that it worked.
TURNED_AWAY = {410, 422, 503}


async def fifty(person: Person, form: Form, **values: str) -> list[httpx2.Response]:
    """Send one form fifty times at once."""
    data = {**form.fields, **values}
    return await asyncio.gather(*(person.browser.http.post(form.action, data=data) for _ in range(FIFTY)))


def one_won(answers: list[httpx2.Response], status: int) -> bool:
    """Whether one was served, with this status, and all others turned away."""
    found = [answer.status_code for answer in answers]
    return found.count(status) == 1 and set(found) <= {status, *TURNED_AWAY}


def shows_codes(answer: httpx2.Response) -> bool:
    """Whether a first factor was added: whoever came later is asked for that factor, or told that the page is too old."""
    return 'id="codes"' in answer.text


async def written(house: House, *wanted: Event) -> int:
    """How often any of these stands in the audit trail."""
    return [one.event for one in await events(house)].count(*map(str, wanted))


async def test_a_link_that_confirms_an_address(person: Person, house: House) -> None:
    page = await person.browser.open("/signup")
    await person.browser.submit(page, email="carol@example.com", password=NEW)
    page = await person.browser.open(await post.link(house, "carol@example.com", "Confirm"))

    assert one_won(await fifty(person, page.form), 303)
    assert await written(house, Event.EMAIL_VERIFIED) == 1
    sessions = select(func.count(BrowserSession.id))
    assert await deeds.in_transaction(house, lambda session: session.scalar(sessions)) == 1


async def test_a_link_that_changes_an_address(person: Person, house: House) -> None:
    alice = await deeds.user(house, "alice")
    change = house.self_service.email_change
    await house.database.run(change.ask, alice, "alice@new.example.com", "203.0.113.7")
    page = await person.browser.open(await post.link(house, "alice@new.example.com"))

    assert one_won(await fifty(person, page.form), 200)
    assert await written(house, Event.EMAIL_CHANGED) == 1
    told = [letter.subject for letter in await post.letters(house, "alice@example.com")]
    assert told.count("Your e-mail address was changed") == 1


async def test_an_invitation(person: Person, house: House) -> None:
    await house.database.run(users_command._invite, house, "carol@example.com")
    page = await person.browser.open(await post.link(house, "carol@example.com"))

    assert one_won(await fifty(person, page.form, password=NEW), 303)
    assert await written(house, Event.SIGNED_UP) == 1


async def test_a_link_behind_which_a_password_is_chosen(person: Person, house: House) -> None:
    page = await person.browser.open("/forgot-password")
    await person.browser.submit(page, username="alice")
    page = await person.browser.open(await post.link(house, "alice@example.com"))

    assert one_won(await fifty(person, page.form, password=NEW), 200)
    assert await written(house, Event.PASSWORD_RESET) == 1


async def test_a_challenge_for_a_new_passkey(person: Person, house: House) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/security/passkeys")

    answers = await fifty(person, page.form, name="My laptop", credential=Authenticator().create(page))

    assert len([answer for answer in answers if shows_codes(answer)]) == 1
    assert await count(house, Passkey) == 1


async def test_a_challenge_to_sign_in_with_a_passkey(person: Person, house: House) -> None:
    await person.sign_in()
    authenticator = await person.add_passkey()
    await person.sign_out()
    page = await person.browser.open("/login")
    form = Form("/login/passkey", page.form.fields)

    assert one_won(await fifty(person, form, credential=authenticator.answer(page)), 303)


async def test_the_code_that_adds_an_authenticator_app(person: Person, house: House) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/security/authenticator")

    answers = await fifty(person, page.form, code=Phone.reading(page).code())

    assert len([answer for answer in answers if shows_codes(answer)]) == 1
    assert await count(house, App) == 1


async def test_a_decision_about_a_device(device: Device, person: Person, house: House) -> None:
    begun = await device.begin()
    page = await person.sign_in(await person.enter(begun.user_code))
    both = [{**page.form.fields, "decision": decision} for decision in ("allow", "deny") * (FIFTY // 2)]

    await asyncio.gather(*(person.browser.http.post(page.form.action, data=data) for data in both))

    decided = [one.event for one in await events(house) if one.event.startswith("person:device:")]
    assert len(decided) == 1, decided
    assert (await device.poll(begun.device_code)).error in (None, "access_denied")


async def test_a_consent(person: Person, relying_party: RelyingParty, house: House) -> None:
    page = await person.sign_in(await person.visit(relying_party))

    answers = await fifty(person, page.form, decision="allow")
    places = [answer.headers["location"] for answer in answers if answer.status_code == 303]
    ends = await asyncio.gather(*(person.browser.http.get(place) for place in places))

    codes = {end.headers.get("location", "") for end in ends if "code=" in end.headers.get("location", "")}
    assert len(codes) == 1
    assert await count(house, Grant) == 1


async def count(house: House, model: type) -> int:
    """How many rows there are."""

    def read(session: Session) -> int:
        return session.scalar(select(func.count()).select_from(model)) or 0

    return await deeds.in_transaction(house, read)
