"""A person's own pages: what they see there, what they change, and that nobody else does."""

import json
from base64 import b32encode
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oidc_server.accounts import claims, deletion
from oidc_server.accounts.models import User
from oidc_server.accounts.profile import Address
from oidc_server.accounts.sign_in import WrongCredentials
from oidc_server.audit.models import AuditEvent
from oidc_server.consents.models import Consent
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.sessions.models import BrowserSession
from oidc_server.tokens.models import Grant
from tests import factories
from tests.accounts import deeds
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty

PAGES = ("", "/profile", "/picture", "/sessions", "/apps", "/history", "/data", "/delete")
POSTED = ("/profile", "/sessions", "/apps", "/data", "/delete")


@pytest.mark.parametrize("page", PAGES)
async def test_a_stranger_signs_in_first_and_comes_back(person: Person, page: str) -> None:
    login = await person.browser.open(f"/account{page}")
    assert login.path == "/login"

    back = await person.sign_in(login)

    assert back.path == f"/account{page}"
    assert back.status == 200
    assert "interaction" not in str(back.response.url)


@pytest.mark.parametrize("page", POSTED)
async def test_nothing_happens_without_the_form_that_this_browser_was_shown(
    person: Person, people: Callable[..., Person], house: House, page: str
) -> None:
    mallory = people("bob")
    await mallory.sign_in()
    await person.sign_in()
    theirs = await mallory.browser.open("/account/profile")

    values = {**theirs.form.fields, "name": "Mallory", "session": "others", "client_id": "shop", "sure": "yes"}
    posted = await person.browser.post(f"/account{page}", values)

    assert posted.status == 403
    alice = await deeds.user(house, "alice")
    assert alice.claims["name"] == "Alice"
    assert alice.deleted_at is None


async def test_a_profile_is_what_its_owner_says_and_applications_see_it(
    person: Person, relying_party: RelyingParty
) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/profile")
    assert page.form.fields["name"] == "Alice"

    said = {"name": " Alice Liddell ", "birthdate": "0000-05-04", "zoneinfo": "Europe/London", "nickname": ""}
    saved = await person.browser.submit(page, **said, **{"address.locality": "Oxford"})

    assert saved.form.fields["name"] == "Alice Liddell"
    assert "Saved." in saved.text
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid profile address")).code)
    told = (await relying_party.userinfo(tokens.access_token)).json()
    assert told["name"] == "Alice Liddell"
    assert told["birthdate"] == "0000-05-04"
    assert told["address"] == {"locality": "Oxford"}
    assert "nickname" not in told


async def test_every_standard_claim_is_seen_and_what_is_theirs_to_say_can_be_changed(
    person: Person, house: House
) -> None:
    await person.sign_in()
    shown = {"preferred_username": 'id="username"', "updated_at": 'id="updated-at"'}
    elsewhere = {"sub", "picture", "email", "email_verified", "phone_number_verified", "address", "roles", "groups"}
    page = await person.browser.open("/account/profile")
    fields = {name for name in page.form.fields if name in claims.SUPPORTED}
    parts = {name for name in page.form.fields if name.startswith("address.")}

    # SPEC Core §5.1
    assert fields == set(claims.SUPPORTED) - set(shown) - elsewhere
    # SPEC Core §5.1.1
    assert parts == {f"address.{name}" for name in Address.model_fields}
    assert all(sign in page.response.text for sign in shown.values())


async def test_an_address_in_lines_stays_as_it_is_written(person: Person, house: House) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/profile")

    await person.browser.submit(page, **{"address.formatted": "Alice\r\n1 High Street\r\nOxford\r\n"})
    page = await person.browser.open("/account/profile")
    await person.browser.submit(page, nickname="Al")

    known = (await deeds.user(house, "alice")).claims
    assert known["nickname"] == "Al"
    assert known["address"]["formatted"] == "Alice\n1 High Street\nOxford"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("birthdate", "31.12.1999"),
        ("birthdate", "1999-02-30"),
        ("website", "javascript:alert(1)"),
        ("profile", "not an address"),
        ("name", "x" * 501),
        ("zoneinfo", "Europe/ London"),
        ("locale", "en_GB; drop"),
        ("address.country", "x" * 501),
    ],
)
async def test_a_profile_that_is_not_as_it_should_be_is_shown_again_and_loses_nothing(
    person: Person, house: House, field: str, value: str
) -> None:
    await person.sign_in()
    page = await person.browser.open("/account/profile")

    again = await person.browser.submit(page, **{"nickname": "Al", field: value})

    assert again.status == 422
    assert again.form.fields[field] == value
    assert again.form.fields["nickname"] == "Al"
    assert "nickname" not in (await deeds.user(house, "alice")).claims


async def test_a_new_phone_number_is_not_verified_and_nobody_says_so_themselves(person: Person, house: House) -> None:
    def verified(session: Session) -> None:
        alice = session.scalars(select(User).where(User.username_key == "alice")).one()
        alice.claims = {**alice.claims, "phone_number": "+1 555 0100", "phone_number_verified": True}

    await deeds.in_transaction(house, verified)
    await person.sign_in()
    page = await person.browser.open("/account/profile")
    assert "Confirmed" in page.text

    await person.browser.submit(page, nickname="Al", phone_number_verified="true")
    assert (await deeds.user(house, "alice")).claims["phone_number_verified"] is True

    await person.browser.submit(page, phone_number="+1 555 0199", phone_number_verified="true")
    known = (await deeds.user(house, "alice")).claims
    assert known["phone_number"] == "+1 555 0199"
    assert "phone_number_verified" not in known


async def test_claims_in_other_languages_stay_as_long_as_they_say_the_same_and_belong_to_the_data(
    person: Person, house: House
) -> None:
    tagged = {"name#ja": "アリス", "nickname#de": "Ali", "given_name#fr": "Alix"}
    await factories.add_user(house, **factories.user("alice", nickname="Al", **tagged))
    await person.sign_in()
    page = await person.browser.open("/account/profile")

    await person.browser.submit(page, birthdate="1852-05-04")
    claims = (await deeds.user(house, "alice")).claims
    assert {name: claims[name] for name in tagged} == tagged
    handed_out = await person.browser.submit(await person.browser.open("/account/data"))
    assert json.loads(handed_out.response.text)["account"]["name#ja"] == "アリス"

    await person.browser.submit(page, name="Alice Liddell", nickname="")
    claims = (await deeds.user(house, "alice")).claims
    assert [name for name in claims if "#" in name] == ["given_name#fr"]


async def test_sessions_are_ended_one_by_one_or_all_the_others(person: Person, people: Callable[..., Person]) -> None:
    others = [people("alice") for _ in range(3)]
    for one in (*others, person):
        await one.sign_in()
    page = await person.browser.open("/account/sessions")
    assert page.text.count("last used") == 4

    page = await _press(person, page, 0, "session", await _session_of(others[0]))
    assert [await _is_in(one) for one in others] == [False, True, True]

    await person.browser.send(page.forms[-1], session="others")
    assert [await _is_in(one) for one in others] == [False, False, False]
    assert await _is_in(person)


async def test_nobody_ends_the_sessions_of_others(person: Person, people: Callable[..., Person]) -> None:
    bob = people("bob")
    await bob.sign_in()
    await people("alice").sign_in()
    await person.sign_in()
    page = await person.browser.open("/account/sessions")

    await _press(person, page, 0, "session", await _session_of(bob))
    await person.browser.send(page.forms[-1], session="others")

    assert await _is_in(bob)


async def test_an_application_loses_what_it_was_allowed(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid offline_access")).code)
    page = await person.browser.open("/account/apps")
    assert "Shop" in page.text

    page = await person.browser.send(page.forms[0], client_id="shop")

    assert "Shop" not in page.text
    assert (await relying_party.refresh(tokens.refresh_token)).error == "invalid_grant"
    assert (await person.visit(relying_party, scope="openid offline_access")).path == "/consent"


async def test_a_login_can_begin_at_a_list_of_applications(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    uri = "https://shop.example.com/login?from=list"
    await factories.add_client(house, **factories.client("shop", initiate_login_uri=uri))
    await house.database.run(house.follow_changes)
    await person.approve(relying_party)

    page = await person.browser.open("/account/apps")

    expected = "https://shop.example.com/login?from=list&amp;iss=https%3A%2F%2Fid.example.com"
    assert f'href="{expected}"' in page.response.text  # SPEC OpenID Connect Core §4


async def test_history_tells_its_owner_what_happened_page_by_page(person: Person, house: House) -> None:
    await person.sign_in()
    for number in range(35):
        page = await person.browser.open("/account/profile")
        await person.browser.submit(page, nickname=f"Al {number}")

    first = await person.browser.open("/account/history")
    assert first.text.count("You changed your profile") == 30
    older = first.response.text.partition("before=")[2].partition('"')[0]
    second = await person.browser.open("/account/history", before=older)
    assert second.text.count("You changed your profile") == 5
    assert "You signed in" in second.text
    assert (await person.browser.open("/account/history", before="nan")).status == 200


async def test_data_are_handed_out_after_a_fresh_sign_in_only(
    person: Person, relying_party: RelyingParty, held_clock: HeldClock
) -> None:
    await person.approve(relying_party)
    page = await person.browser.open("/account/data")

    downloaded = await person.browser.submit(page)

    assert downloaded.response.headers["content-disposition"] == 'attachment; filename="account.json"'
    document = json.loads(downloaded.response.text)
    assert document["account"]["email"] == "alice@example.com"
    assert document["account"]["updated_at"] == document["account"]["created_at"]
    assert document["permissions"][0]["client_id"] == "shop"
    assert len(document["sessions"]) == 1
    assert "password" not in downloaded.response.text

    held_clock.move(timedelta(minutes=11))
    assert (await person.browser.submit(page)).path == "/login"


async def test_the_download_names_factors_and_trusted_browsers_and_gives_none_away(person: Person) -> None:
    await person.sign_in()
    phone, codes = await person.add_authenticator()
    await person.add_passkey("My laptop")
    await person.sign_out()
    await person.prove(await person.sign_in(), codes[0], trust="yes")

    text = (await person.browser.submit(await person.browser.open("/account/data"))).response.text

    document = json.loads(text)
    assert [one["kind"] for one in document["factors"]] == ["authenticator", "passkey"]
    assert document["factors"][1]["name"] == "My laptop"
    assert len(document["trusted_browsers"]) == 1
    assert not [secret for secret in (b32encode(phone.secret).decode(), *codes) if secret in text]


async def test_an_account_is_deleted_by_its_owner_only_once_they_are_sure(
    person: Person, people: Callable[..., Person], relying_party: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    other = people("alice")
    await other.sign_in()
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid offline_access")).code)
    held_clock.move(timedelta(minutes=11))
    page = await person.browser.open("/account/delete")
    assert page.path == "/login"
    page = await person.sign_in(page)

    unsure = await person.browser.submit(page, sure="")
    assert unsure.status == 422
    gone = await person.browser.submit(unsure, sure="yes")

    assert "deleted" in gone.text
    assert not await _is_in(person)
    assert not await _is_in(other)
    assert (await relying_party.refresh(tokens.refresh_token)).error == "invalid_grant"
    with pytest.raises(WrongCredentials):
        await deeds.attempt(house)


async def test_a_deleted_account_can_be_given_back_until_it_is_erased(
    person: Person, relying_party: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    await person.approve(relying_party)
    alice = await deeds.user(house, "alice")
    await deeds.in_transaction(house, deletion.delete, alice.id)
    held_clock.move(timedelta(days=29))
    await house.database.run(house.clean_up)

    assert await deeds.in_transaction(house, deletion.restore, alice.id)
    await deeds.attempt(house)
    held_clock.move(timedelta(days=31))
    await house.database.run(house.clean_up)
    await deeds.attempt(house)
    assert not await deeds.in_transaction(house, deletion.restore, alice.id)


async def test_erasure_leaves_nothing_that_names_the_person(
    person: Person, relying_party: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    await relying_party.redeem((await person.approve(relying_party, scope="openid offline_access")).code)
    alice = await deeds.user(house, "alice")
    await house.trail.write()
    await deeds.in_transaction(house, deletion.delete, alice.id)
    held_clock.move(timedelta(days=31))

    removed = await house.database.run(house.clean_up)

    assert removed["users"] == 1

    def left(session: Session) -> list[int]:
        tables = (
            (User, User.id),
            (BrowserSession, BrowserSession.user_id),
            (Grant, Grant.user_id),
            (Consent, Consent.user_id),
        )
        return [
            session.scalar(select(func.count()).select_from(table).where(key == alice.id)) or 0 for table, key in tables
        ]

    assert await deeds.in_transaction(house, left) == [0, 0, 0, 0]

    def told(session: Session) -> list[AuditEvent]:
        return list(session.scalars(select(AuditEvent).where(AuditEvent.user_id == alice.id)))

    events = await deeds.in_transaction(house, told)
    assert events
    assert [(e.event, e.address) for e in events if e.address] == []
    assert all(event.details is None for event in events)
    await deeds.add(house, "alice", "alice@example.com")


async def _press(person: Person, page: Page, form: int, name: str, value: str) -> Page:
    return await person.browser.send(page.forms[form], **{name: value})


async def _session_of(person: Person) -> str:
    """The id of the session on a person's browser: the one that they can't end from the list."""
    page = await person.browser.open("/account/sessions")
    document = await person.browser.submit(await person.browser.open("/account/data"))
    shown = page.response.text
    live: list[str] = [one["sid"].replace("-", "") for one in json.loads(document.response.text)["sessions"]]
    return next(sid for sid in live if sid not in shown)


async def _is_in(person: Person) -> bool:
    return "You are signed in" in (await person.browser.open("/")).text
