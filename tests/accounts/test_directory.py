"""The directory: one name for each user, however it is spelt; and what ends when a user is disabled."""

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import User
from oidc_server.house import House
from tests import factories
from tests.accounts import deeds
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.resource_server import ResourceServer
from tests.factories import PASSWORD

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(texts)
def test_the_one_form_of_a_name_is_its_own(name: str) -> None:
    assert directory.key(directory.key(name)) == directory.key(name)


@pytest.mark.parametrize("name", ["\u00a8x", "x\u00b4", "\u02d9", "\u1fbd", "\ufdfa\u037a"])
def test_the_one_form_of_a_name_that_decays_into_spaces_is_its_own(name: str) -> None:
    assert directory.key(directory.key(name)) == directory.key(name)


@given(texts, st.sampled_from(["NFC", "NFD"]))
def test_all_encodings_of_the_same_letters_are_one_name(name: str, form: str) -> None:
    assert directory.key(unicodedata.normalize(form, name)) == directory.key(name)  # type: ignore[arg-type]


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1))
def test_case_and_surrounding_space_make_no_difference(name: str) -> None:
    assert directory.key(f" {name.upper()}\t") == directory.key(name.lower())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("\uff41\uff4c\uff49\uff43\uff45", "alice"),  # full width
        ("\u2460", "1"),
        ("\ufb01n", "fin"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("a\u00a0b", "a b"),
    ],
)
def test_compatible_characters_are_one_name(one: str, other: str) -> None:
    assert directory.key(one) == directory.key(other)


@pytest.mark.parametrize(
    ("username", "email"),
    [
        ("alice", None),
        ("Alice Bäcker", "alice@example.com"),
        ("alice@example.com", "alice@example.com"),
        ("Alice@Example.com", "alice@example.COM"),
        ("李雷", None),
        ("o'neill-2.0_x", None),
    ],
)
def test_names_that_nobody_could_mistake_are_taken(username: str, email: str | None) -> None:
    directory.check_names(username, email)


@pytest.mark.parametrize("username", ["", " ", "\t", " alice", "alice ", "\u00a0alice", "alice\u2003"])
def test_a_name_neither_is_empty_nor_begins_nor_ends_with_space(username: str) -> None:
    with pytest.raises(ValueError, match="white space"):
        directory.check_names(username, None)


@pytest.mark.parametrize(
    "character",
    ["\0", "\n", "\r", "\x7f", "\x85", "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad", "\ue000"],
)
def test_a_name_holds_nothing_that_cannot_be_seen(character: str) -> None:
    with pytest.raises(ValueError, match="control"):
        directory.check_names(f"ali{character}ce", None)


@pytest.mark.parametrize("at", ["@", "\uff20", "\ufe6b"])
@pytest.mark.parametrize("email", [None, "eve@example.com"])
def test_nobodys_name_is_somebody_elses_address(at: str, email: str | None) -> None:
    with pytest.raises(ValueError, match="@"):
        directory.check_names(f"alice{at}example.com", email)


@given(texts, st.sampled_from(["@", "\uff20", "\ufe6b"]), texts)
def test_whatever_reads_as_an_address_is_one(before: str, at: str, after: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever of its rules it breaks
        directory.check_names(before + at + after, "eve@example.com")


@pytest.mark.parametrize("login", ["alice", "ALICE", " Alice ", "alice@example.com", "Alice@EXAMPLE.com", "\uff41lice"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_people_are_found_by_name_and_address_however_they_spell_them(house: House, login: str) -> None:
    assert (await deeds.user(house, login)).username == "alice"


@pytest.mark.parametrize(
    "login", ["", " ", "nobody", "alice@", "@example.com", "%", "alice'--", "x" * 20_000, "\U0001f511"]
)
async def test_nobody_is_found_by_anything_else(house: House, login: str) -> None:
    assert await deeds.in_transaction(house, directory.find, login) is None


@pytest.mark.parametrize(
    ("username", "email"),
    [("ALICE", None), ("\uff41lice", None), ("alice2", "Alice@Example.com"), ("bob@example.com", "bob@example.com")],
)
async def test_a_name_or_address_is_taken_in_every_spelling(house: House, username: str, email: str | None) -> None:
    with pytest.raises(IntegrityError):
        await deeds.add(house, username, email)


async def test_of_fifty_of_one_name_one_is_made(house: House) -> None:
    spellings = [name for _ in range(10) for name in ("carol", "Carol", "CAROL", "\uff43arol", "carOL")]

    made = await asyncio.gather(
        *(deeds.add(house, name) for name in spellings),
        return_exceptions=True,
    )

    assert sum(isinstance(one, User) for one in made) == 1
    assert sum(isinstance(one, IntegrityError) for one in made) == 49


@pytest.mark.parametrize("username", ["x" * 256, "\ufdfa" * 100], ids=["long", "long in its one form"])
def test_a_name_that_does_not_fit_into_its_column_is_refused(username: str) -> None:
    with pytest.raises(ValueError, match="characters"):  # the second one's one form has 1800
        directory.check_names(username, None)


async def test_a_changed_address_frees_the_old_one(house: House) -> None:
    await factories.add_user(house, **factories.user("bob", email="robert@example.com"))

    assert (await deeds.user(house, "robert@example.com")).username == "bob"
    assert await deeds.in_transaction(house, directory.find, "bob@example.com") is None


async def disable_through_apply(house: House, name: str) -> None:
    """The same through `oidc-server apply`."""
    await factories.add_user(house, **factories.user(name, enabled=False))


@pytest.mark.parametrize("by", [deeds.disable, disable_through_apply])
async def test_whoever_is_disabled_can_do_nothing_any_more(
    by: Callable[[House, str], Awaitable[None]],
    person: Person,
    relying_party: RelyingParty,
    resource_server: ResourceServer,
    http: httpx2.AsyncClient,
    house: House,
) -> None:
    legacy = RelyingParty(http, "legacy")
    credentials = {"username": "alice", "password": PASSWORD, "scope": "openid offline_access"}
    of_password = await legacy.ask("password", **credentials)
    offline = await relying_party.redeem((await person.approve(relying_party, scope="openid offline_access")).code)
    online = await relying_party.redeem((await person.approve(relying_party, scope="openid orders.read")).code)
    unspent = (await person.approve(relying_party)).code

    await by(house, "alice")

    for party, tokens in ((relying_party, online), (relying_party, offline), (legacy, of_password)):
        assert (await party.introspect(tokens.access_token))["active"] is False
        assert (await party.introspect(tokens.refresh_token))["active"] is False
        assert (await party.userinfo(tokens.access_token)).status_code == 401
        assert (await party.refresh(tokens.refresh_token)).error == "invalid_grant"
    assert not await resource_server.accepts(online.access_token)
    assert (await relying_party.redeem(unspent)).error == "invalid_grant"
    assert (await legacy.ask("password", **credentials)).error == "invalid_grant"
    assert relying_party.answer(await person.visit(relying_party, prompt="none")).error == "login_required"
    assert (await person.sign_in()).status == 422


async def test_enabling_somebody_again_brings_nothing_back(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid offline_access")).code)
    await disable_through_apply(house, "alice")

    await factories.add_user(house, **factories.user("alice"))

    assert (await relying_party.refresh(tokens.refresh_token)).error == "invalid_grant"
    assert (await relying_party.introspect(tokens.access_token))["active"] is False
    assert (await person.visit(relying_party)).path == "/login"
    assert relying_party.answer(await person.sign_in(await person.visit(relying_party, scope="openid"))).code


async def test_a_new_password_ends_what_the_old_one_began(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid offline_access")).code)

    await factories.add_user(house, **factories.user("alice", password="another horse entirely"))

    assert (await relying_party.refresh(tokens.refresh_token)).error == "invalid_grant"
    page = await person.visit(relying_party, scope="openid")
    assert (await person.sign_in(page)).status == 422
    assert relying_party.answer(await person.sign_in(page, "another horse entirely")).code


async def test_other_people_are_left_alone(
    people: Callable[..., Person], relying_party: RelyingParty, house: House
) -> None:
    bob = people("bob")
    tokens = await relying_party.redeem((await bob.approve(relying_party)).code)

    await deeds.disable(house, "alice")

    assert (await relying_party.refresh(tokens.refresh_token)).status == 200
    assert relying_party.answer(await bob.visit(relying_party)).code


async def test_what_another_server_tells_anew_is_told_in_no_old_language(house: House) -> None:
    tagged = {"name#ja": "アリス", "given_name#fr": "Alix"}
    await factories.add_user(house, **factories.user("alice", **tagged))

    def told(session: Session) -> None:
        alice = session.scalars(select(User).where(User.username_key == "alice")).one()
        directory.refresh_claims(session, alice, {"name": "Alice Liddell"})

    await deeds.in_transaction(house, told)

    assert (await deeds.user(house, "alice")).claims == {"name": "Alice Liddell", "given_name#fr": "Alix"}
