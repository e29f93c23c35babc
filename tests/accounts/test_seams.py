"""Where the parts of accounts meet: what one of them closes, no other leaves open."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx2
import pytest
from sqlalchemy.orm import Session

from oidc_server.accounts import deletion, directory, factors, pictures
from oidc_server.accounts.models import User
from oidc_server.accounts.pages.standing import Standings
from oidc_server.accounts.sign_up import SignUpRefused
from oidc_server.cli import apply
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.sessions import ledger
from oidc_server.settings.model import Settings
from tests import factories
from tests.accounts import deeds, factor_deeds, post
from tests.actors.person import Person
from tests.actors.phone import Phone
from tests.actors.relying_party import RelyingParty
from tests.api.test_api import API, App
from tests.conftest import Template, make_settings
from tests.factories import PASSWORD

NEW = "seven purple walruses"


async def test_a_login_from_before_a_second_factor_changes_nothing_by_the_password_alone(
    http: httpx2.AsyncClient, house: House
) -> None:
    app = App(http)
    await app.log_in()
    await factor_deeds.give_authenticator(house)

    refused = [
        await app.call("POST", "/auth/change-email", json={"email": "evil@evil.example", "password": PASSWORD}),
        await app.call("POST", "/auth/change-password", json={"current_password": PASSWORD, "new_password": NEW}),
        await app.call("DELETE", "/auth/me", json={"password": PASSWORD}),
    ]

    assert {(one.status_code, one.json()["error_code"]) for one in refused} == {(403, "second_factor_required")}
    assert (await deeds.user(house, "alice")).deleted_at is None


async def test_what_its_owner_deleted_no_operator_s_file_gives_back(house: House) -> None:
    alice = await deeds.user(house, "alice")
    await deeds.in_transaction(house, deletion.delete, alice.id)
    document = apply.read("users:\n  - username: alice\n    email: alice@example.com\n", development=True)

    await house.database.run(lambda: apply.write(house, document))

    found = await deeds.user(house, "alice")
    assert found.deleted_at is not None
    assert found.disabled_at is not None


async def test_roles_are_told_by_their_scope_and_in_no_other_way(
    house: House, person: Person, relying_party: RelyingParty
) -> None:
    def give(session: Session) -> None:
        alice = directory.find(session, "alice")
        assert alice is not None
        directory.change(session, alice, password_hash=None, enabled=True, roles=["buyer"], groups=["staff"])

    await deeds.in_transaction(house, give)
    wanted = json.dumps({"userinfo": {"roles": None, "groups": None}, "id_token": {"roles": None}})

    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid", claims=wanted)).code)

    told = (await relying_party.userinfo(tokens.access_token)).json()
    assert not {"roles", "groups"} & {*told, *tokens.id_claims, *tokens.access_claims}


async def test_what_lets_see_to_an_account_is_shown_to_no_other_server(
    house: House, http: httpx2.AsyncClient, person: Person
) -> None:
    scope = "openid account orders.read"
    await factories.add_client(house, **factories.client("own", scope=scope, skip_consent=True))
    await house.database.run(house.follow_changes)
    own = RelyingParty(http, "own")

    tokens = await own.redeem((await person.approve(own, scope=scope)).code)

    assert len(tokens.access_claims["aud"]) == 2
    assert "account" not in tokens.access_claims["scope"].split()
    used = await http.get(f"{API}/auth/me", headers={"Authorization": f"Bearer {tokens.access_token}"})
    assert used.status_code == 403


async def test_a_form_counts_for_the_person_to_whom_it_was_shown(person: Person, house: House) -> None:
    await person.sign_in()
    shown = await person.browser.open("/account/delete")
    await Person(person.browser, "bob").sign_in()

    posted = await person.browser.submit(shown, sure="yes")

    assert posted.status == 403
    assert (await deeds.user(house, "bob")).deleted_at is None


@pytest.mark.parametrize("is_verified", [False, True])
async def test_who_recovers_an_account_that_was_never_shown_to_be_theirs_finds_nobody_in_it(
    people: Callable[..., Person], house: House, is_verified: bool
) -> None:
    def unverified(session: Session) -> None:
        session.query(User).filter(User.username_key == "alice").update({"email_verified": is_verified})

    await deeds.in_transaction(house, unverified)
    squatter, owner = people("alice"), people("alice", address="198.51.100.5")
    await squatter.sign_in()
    passkey = await squatter.add_passkey()
    page = await owner.browser.open("/forgot-password")
    await owner.browser.submit(page, username="alice@example.com")
    link = await post.link(house, "alice@example.com", "new password")

    await owner.browser.submit(await owner.browser.open(link), password=NEW)

    back = await squatter.use_passkey(passkey)
    assert (back.path == "/") is is_verified


async def test_nothing_is_made_in_a_session_that_has_ended(person: Person, house: House) -> None:
    await person.sign_in()
    alice = await deeds.user(house, "alice")

    def held(session: Session, session_id: UUID) -> bool:
        return ledger.hold(session, session_id)

    (known,) = await deeds.in_transaction(house, ledger.list_live, alice.id)
    assert await deeds.in_transaction(house, held, known.id)
    await deeds.in_transaction(house, directory.end_everything, alice.id)
    assert not await deeds.in_transaction(house, held, known.id)


@pytest.mark.parametrize("is_before", [True, False])
async def test_whom_an_operator_has_disabled_no_restoring_enables(
    house: House, held_clock: HeldClock, is_before: bool
) -> None:
    alice = await deeds.user(house, "alice")
    steps = [partial(deeds.disable, house, "alice"), partial(deeds.in_transaction, house, deletion.delete, alice.id)]
    for step in steps if is_before else reversed(steps):
        await step()
        held_clock.move(timedelta(seconds=1))

    assert await deeds.in_transaction(house, deletion.restore, alice.id)

    restored = await deeds.user(house, "alice")
    assert (restored.deleted_at, restored.is_barred) == (None, True)


@pytest.mark.parametrize("enabled", [True, False])
async def test_an_operator_s_file_says_whether_a_deleted_account_is_enabled_once_it_is_restored(
    house: House, held_clock: HeldClock, enabled: bool
) -> None:
    alice = await deeds.user(house, "alice")
    await deeds.in_transaction(house, deletion.delete, alice.id)
    held_clock.move(timedelta(seconds=1))
    text = f"users: [{{username: alice, email: alice@example.com, enabled: {str(enabled).lower()}}}]"
    document = apply.read(text, development=True)

    for _ in range(2):
        outcome = await house.database.run(apply.write, house, document)
    assert outcome.lines[0]["action"] == "unchanged"
    assert (await deeds.user(house, "alice")).disabled_at is not None
    await deeds.in_transaction(house, deletion.restore, alice.id)

    assert ((await deeds.user(house, "alice")).disabled_at is None) is enabled


async def test_an_operator_s_file_sets_a_password_when_it_has_changed_there_and_not_when_its_owner_changed_it(
    house: House, person: Person
) -> None:
    async def applied(password: str) -> str:
        text = f"users: [{{username: carol, password: {password}, email: carol@example.com}}]"
        document = apply.read(text, development=True)
        outcome = await house.database.run(apply.write, house, document)
        return outcome.lines[0]["action"]

    person.username = "carol"
    first, second = "what the operator said", "what the operator said later"
    assert [await applied(first), await applied(first)] == ["created", "unchanged"]
    await person.sign_in(password=first)
    page = await person.browser.open("/account/password")
    await person.browser.submit(page, current=first, password=NEW)
    await person.sign_out()

    assert await applied(first) == "unchanged"
    assert (await person.sign_in(password=NEW)).path == "/"
    assert [await applied(second), await applied(second)] == ["changed", "unchanged"]
    assert (await person.browser.open("/account")).path == "/login"
    assert (await person.sign_in(password=second)).path == "/"


@pytest.mark.parametrize("own", [NEW, None])
async def test_what_the_file_says_of_a_user_who_was_made_in_another_way_is_set_once(
    house: House, own: str | None
) -> None:
    text = f"users: [{{username: alice, password: {PASSWORD}, email: a@example.com}}]"
    document = apply.read(text, development=True)
    password_hash = await house.passwords.hash(own) if own else None

    def change(session: Session) -> None:
        alice = directory.find(session, "alice")
        assert alice is not None
        directory.change(session, alice, password_hash=password_hash, enabled=True, applied_password_hash=None)

    await deeds.in_transaction(house, change)
    await house.database.run(apply.write, house, document)
    assert (await deeds.attempt(house)).username == "alice"
    await deeds.in_transaction(house, directory.update_user, (await deeds.user(house, "alice")).id, password_hash=None)

    outcome = await house.database.run(apply.write, house, document)

    assert outcome.lines[0]["action"] == "unchanged"


class TestWherePeopleComeInUnconfirmed:
    """Nobody need confirm their address."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """Who signs up may sign in at once."""
        return make_settings(database_url, template.keys, sign_up={"mode": "open", "require_verified_email": False})

    async def test_an_invitation_takes_over_an_account_that_somebody_made_with_the_address(
        self, people: Callable[..., Person], house: House
    ) -> None:
        address, squatted = "carol@example.com", "what the squatter chose"
        squatter, owner = people(address), people(address, address="198.51.100.5")
        page = await squatter.browser.open("/signup")
        await squatter.browser.submit(page, email=address, password=squatted)
        assert (await squatter.sign_in(password=squatted)).path == "/"
        passkey = await squatter.add_passkey()
        squatted_id = (await deeds.user(house, address)).id
        await deeds.in_transaction(house, pictures.keep, squatted_id, b"a face", house.settings.issuer)
        await deeds.in_transaction(house, house.self_service.sign_up.invite, address)

        page = await owner.browser.open(await post.link(house, address, "invited"))
        await owner.browser.submit(page, password=NEW)

        assert (await squatter.browser.open("/account")).path == "/login"
        assert (await squatter.use_passkey(passkey)).path != "/"
        assert (await squatter.sign_in(password=squatted)).status == 422
        assert (await owner.sign_in(password=NEW)).path == "/"
        carol = await deeds.user(house, address)
        assert (carol.email_verified, carol.unconfirmed_since) == (True, None)
        assert not await deeds.in_transaction(house, pictures.is_uploaded, carol.id)
        with pytest.raises(SignUpRefused):
            await deeds.in_transaction(house, house.self_service.sign_up.invite, address)

    async def test_an_invitation_takes_over_nothing_that_was_confirmed_since(
        self, people: Callable[..., Person], house: House
    ) -> None:
        address = "carol@example.com"
        carol = people(address)
        page = await carol.browser.open("/signup")
        await carol.browser.submit(page, email=address, password=NEW)
        confirm = await post.link(house, address)
        await deeds.in_transaction(house, house.self_service.sign_up.invite, address)
        await carol.browser.submit(await carol.browser.open(confirm))

        page = await carol.browser.open(await post.link(house, address, "invited"))
        refused = await carol.browser.submit(page, password="something else altogether")

        assert refused.status == 410
        assert (await carol.sign_in(password=NEW)).path == "/"


async def test_half_a_sign_in_from_before_a_user_was_disabled_counts_no_more_once_they_are_enabled(
    person: Person, house: House
) -> None:
    phone = await factor_deeds.give_authenticator(house)
    page = await person.sign_in()
    await deeds.disable(house, "alice")
    await deeds.in_transaction(house, enable)

    after = await person.prove(page, phone.code())

    assert after.path == "/login"
    assert (await person.browser.open("/account")).path == "/login"
    assert (await person.prove(await person.sign_in(after), phone.code(later=30))).path == "/"


def enable(session: Session) -> None:
    """Enable alice, as `oidc-server apply` does."""
    alice = directory.find(session, "alice")
    assert alice is not None
    directory.change(session, alice, password_hash=None, enabled=True)


async def test_a_password_that_was_checked_before_a_user_was_disabled_counts_no_more(house: House) -> None:
    alice = await deeds.attempt(house)
    await deeds.disable(house, "alice")
    await deeds.in_transaction(house, enable)

    assert not await deeds.in_transaction(house, directory.is_unchanged, alice)
    assert await deeds.in_transaction(house, directory.is_unchanged, await deeds.attempt(house))


async def test_tokens_that_ended_with_an_idle_session_stay_ended_when_their_owner_signs_in_again(
    person: Person, relying_party: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party, scope="openid")).code)
    (before,) = await deeds.in_transaction(house, ledger.list_live, (await deeds.user(house, "alice")).id)
    held_clock.move(timedelta(hours=13))
    assert (await relying_party.refresh(tokens.refresh_token)).status == 400

    await person.sign_in()

    assert (await relying_party.refresh(tokens.refresh_token)).status == 400
    (after,) = await deeds.in_transaction(house, ledger.list_open, before.user_id)
    assert after.id != before.id


def meanwhile(monkeypatch: pytest.MonkeyPatch, house: House, deed: Callable[..., object]) -> None:
    """Let something happen to alice after a page has found out where she stands, and before it lets her in."""
    find = Standings.find

    def find_and_do(*args: Any) -> Any:
        standing = find(*args)
        with house.database.transaction() as session:
            alice = directory.find(session, "alice")
            assert alice is not None
            deed(session, alice.id)
        return standing

    monkeypatch.setattr(Standings, "find", find_and_do)


async def has_factor(house: House) -> bool:
    return (await deeds.in_transaction(house, factors.of, (await deeds.user(house, "alice")).id)).is_any


async def test_who_is_signed_out_meanwhile_has_added_no_factor(
    person: Person, relying_party: RelyingParty, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await person.sign_in(await person.visit(relying_party, acr_values="2"))
    code = Phone.reading(page).code()

    with monkeypatch.context() as patched:
        meanwhile(patched, house, directory.end_everything)
        await person.browser.submit(page, code=code)

    assert not await has_factor(house)


class TestWhenEverybodyMustHaveAFactor:
    """People who add one while they sign in."""

    @pytest.fixture
    def settings(self, database_url: str, template: Template) -> Settings:
        """Everybody must have a second factor."""
        return make_settings(database_url, template.keys, factors={"required_for": "everybody"})

    async def test_whose_sign_in_has_lapsed_meanwhile_has_added_none(
        self, person: Person, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = await person.sign_in()
        code = Phone.reading(page).code()

        with monkeypatch.context() as patched:
            meanwhile(patched, house, deletion.delete)
            await person.browser.submit(page, code=code)

        assert not await has_factor(house)

    async def test_a_wrong_code_uses_up_no_half_sign_in(self, person: Person, house: House) -> None:
        page = await person.sign_in()

        again = await person.browser.submit(page, code="000000")
        await person.browser.submit(again, code=Phone.reading(again).code())

        assert await has_factor(house)
        assert (await person.browser.open("/account")).path == "/account"
