"""Several people on one browser: for whom a request is answered, and when they are asked who they are."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts.pages.test_select_account import acting, family
from tests.actors.browser import Page
from tests.actors.person import Person, accounts
from tests.actors.relying_party import RelyingParty, Tokens
from tests.oauth import deeds
from tests.oauth.logout.test_session_state import is_unchanged

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def own(relying_party: RelyingParty) -> RelyingParty:
    """A client that nobody needs to be asked about."""
    return RelyingParty(relying_party.http, "first-party")


@pytest.fixture
def pairwise(relying_party: RelyingParty) -> RelyingParty:
    """One that knows each person by a name of its own."""
    return RelyingParty(relying_party.http, "pair")


async def hint_at(people: Callable[..., Person], name: str, party: RelyingParty) -> str:
    """An ID token of somebody, from another browser."""
    return (await party.redeem((await people(name).approve(party)).code)).id_token


async def tokens(party: RelyingParty, page: Page) -> Tokens:
    """What the client gets in the end."""
    return await party.redeem(party.answer(page).code)


async def name_in(party: RelyingParty, page: Page) -> str:
    """Whom the client was told of."""
    found = await party.userinfo((await tokens(party, page)).access_token)
    return str(found.json()["name"])


async def test_without_a_word_of_whom_it_is_about_the_one_who_acts(person: Person, own: RelyingParty) -> None:
    await family(person, "alice", "bob")

    assert await name_in(own, await person.visit(own)) == "Bob"


async def test_select_account_shows_the_chooser_also_to_one_alone(person: Person, own: RelyingParty) -> None:
    await person.sign_in()

    page = await person.visit(own, prompt="select_account")  # OpenID Connect Core §3.1.2.1

    assert list(accounts(page)) == ["Alice"]
    assert await name_in(own, await person.choose(page, "Alice")) == "Alice"


async def test_select_account_where_nobody_is_signed_in_is_a_sign_in(person: Person, own: RelyingParty) -> None:
    page = await person.visit(own, prompt="select_account")

    assert page.path == "/login"
    assert await name_in(own, await person.sign_in(page)) == "Alice"


async def test_who_was_chosen_is_who_the_client_hears_of(person: Person, own: RelyingParty) -> None:
    await family(person, "alice", "bob")

    page = await person.choose(await person.visit(own, prompt="select_account"), "Alice")

    assert await name_in(own, page) == "Alice"
    assert await acting(person.browser) == "Alice"


async def test_the_choice_cannot_be_skipped_and_counts_once(person: Person, own: RelyingParty) -> None:
    await family(person, "alice", "bob")
    page = await person.visit(own, prompt="select_account")
    sealed = page.form.fields["interaction"]

    assert (await person.browser.open("/authorize", interaction=sealed)).path == "/select-account"
    assert (await person.browser.open("/consent", interaction=sealed)).path == "/consent"
    own.answer(await person.choose(page, "Alice"))
    assert (await person.choose(page, "Bob")).path == "/select-account"  # that one has been answered: afresh
    assert (await person.visit(own, prompt="select_account")).path == "/select-account"


async def test_a_choice_for_one_request_is_none_for_another_that_waits(
    person: Person, own: RelyingParty, pairwise: RelyingParty
) -> None:
    await family(person, "alice", "bob")
    one, other = [await person.visit(party, prompt="select_account") for party in (own, pairwise)]

    assert await name_in(own, await person.choose(one, "Alice")) == "Alice"
    assert (await person.browser.open("/authorize", interaction=other.form.fields["interaction"])).path == (
        "/select-account"
    )
    assert await name_in(pairwise, await person.choose(other, "Bob")) == "Bob"


async def test_another_account_is_a_sign_in_that_counts_as_the_choice(person: Person, own: RelyingParty) -> None:
    await person.sign_in()
    page = await person.visit(own, prompt="select_account", login_hint="alice")

    login = await person.choose_another(page)
    person.username = "bob"

    assert login.form.fields["username"] == ""  # whom the client hinted at was there to be chosen
    assert await name_in(own, await person.sign_in(login)) == "Bob"


async def test_login_and_select_account_together_are_a_choice_and_then_the_password_of_the_chosen_one(
    person: Person, own: RelyingParty, held_clock: HeldClock
) -> None:
    await family(person, "alice", "bob")
    held_clock.move(timedelta(minutes=30))

    page = await person.visit(own, prompt="login select_account")
    login = await person.choose(page, "Alice")
    assert login.form.fields["username"] == "alice"
    got = await tokens(own, await person.sign_in(login))

    assert got.id_claims["auth_time"] == int(held_clock.at.timestamp())
    assert await acting(person.browser) == "Alice"


async def test_max_age_looks_at_the_session_that_was_chosen(
    person: Person, own: RelyingParty, held_clock: HeldClock
) -> None:
    await family(person, "alice")
    held_clock.move(timedelta(hours=1))
    await family(person, "bob")

    fresh = await person.visit(own, prompt="select_account", max_age="600")
    assert own.answer(await person.choose(fresh, "Bob")).code
    stale = await person.visit(own, prompt="select_account", max_age="600")
    login = await person.choose(stale, "Alice")

    assert login.path == "/login"
    assert login.form.fields["username"] == "alice"


async def test_consent_is_that_of_the_one_who_was_chosen(person: Person, relying_party: RelyingParty) -> None:
    await person.approve(relying_party)
    await family(person, "bob")

    of_bob = await person.choose(await person.visit(relying_party, prompt="select_account"), "Bob")
    of_alice = await person.choose(await person.visit(relying_party, prompt="select_account"), "Alice")

    assert of_bob.path == "/consent"
    assert relying_party.answer(of_alice).code


async def test_not_you_on_the_consent_page_leads_to_the_chooser(person: Person, relying_party: RelyingParty) -> None:
    await family(person, "alice", "bob")
    page = await person.visit(relying_party)
    assert "Bob" in page.text

    choosing = await person.browser.open("/select-account", interaction=page.form.fields["interaction"])
    asked = await person.choose(choosing, "Alice")

    assert asked.path == "/consent"
    assert "Alice" in asked.text
    assert await name_in(relying_party, await person.decide(asked)) == "Alice"


async def test_a_hint_at_another_who_is_signed_in_switches_to_them(
    person: Person, people: Callable[..., Person], pairwise: RelyingParty, own: RelyingParty, house: House
) -> None:
    for party in (own, pairwise):
        hint = await hint_at(people, "alice", party)
        await family(person, "alice", "bob")

        page = await person.visit(party, id_token_hint=hint)  # OpenID Connect Core §3.1.2.1

        assert await name_in(party, page) == "Alice"
        assert await acting(person.browser) == "Alice"
    assert any(one.event == "person:session:switched" for one in await deeds.events(house))


async def test_prompt_none_with_a_hint_answers_with_the_session_of_whom_it_names_and_moves_nobody(
    person: Person, people: Callable[..., Person], pairwise: RelyingParty, own: RelyingParty
) -> None:
    for party in (own, pairwise):
        hint = await hint_at(people, "alice", party)
        await family(person, "alice", "bob")

        page = await person.visit(party, id_token_hint=hint, prompt="none")  # OpenID Connect Core §3.1.2.1

        assert await name_in(party, page) == "Alice"
        assert await acting(person.browser) == "Bob"
        assert is_unchanged(person, party.answer(page), party.client_id, f"https://{party.client_id}.example.com")


async def test_a_subject_demanded_by_the_claims_parameter_is_as_good_as_a_hint(
    person: Person, people: Callable[..., Person], own: RelyingParty
) -> None:
    from_alice = (await own.redeem((await people("alice").approve(own)).code)).id_claims["sub"]
    await family(person, "alice", "bob")
    wish = f'{{"id_token": {{"sub": {{"value": "{from_alice}"}}}}}}'  # OpenID Connect Core §5.5.1

    page = await person.visit(own, claims=wish, prompt="none")

    assert (await tokens(own, page)).id_claims["sub"] == from_alice


async def test_prompt_none_with_a_hint_at_somebody_else_is_login_required(
    person: Person, people: Callable[..., Person], own: RelyingParty
) -> None:
    hint = await hint_at(people, "bob", own)
    await family(person, "alice")

    assert own.answer(await person.visit(own, id_token_hint=hint, prompt="none")).error == "login_required"


async def test_where_nobody_acts_a_choice_is_due_and_prompt_none_says_so(
    person: Person, people: Callable[..., Person], own: RelyingParty
) -> None:
    hint = await hint_at(people, "alice", own)
    await family(person, "alice", "bob")
    await person.sign_out()

    silent = own.answer(await person.visit(own, prompt="none"))
    named = await person.visit(own, prompt="none", id_token_hint=hint)
    page = await person.visit(own)

    assert silent.error == "account_selection_required"  # OpenID Connect Core §3.1.2.6
    assert await name_in(own, named) == "Alice"
    assert await name_in(own, await person.choose(page, "Alice")) == "Alice"


async def test_where_the_one_who_acted_is_idle_or_disabled_the_others_choose(
    person: Person, own: RelyingParty, held_clock: HeldClock, house: House
) -> None:
    await family(person, "bob")
    held_clock.move(timedelta(hours=11))
    await family(person, "alice")
    await person.choose(await person.browser.open("/select-account"), "Bob")
    held_clock.move(timedelta(hours=11))
    await person.visit(own, id_token_hint=None, login_hint="alice", prompt="none")
    held_clock.move(timedelta(hours=2))

    idle = await person.visit(own)
    assert list(accounts(idle)) == ["Alice", "Bob"]
    assert "Needs to sign in again" in idle.text
    await deeds.disable_user(house, "bob")
    disabled = await person.visit(own)

    assert list(accounts(disabled)) == ["Alice"]
    assert await name_in(own, await person.choose(disabled, "Alice")) == "Alice"


async def test_when_another_was_chosen_than_the_hinted_one_the_client_is_told(
    person: Person, people: Callable[..., Person], own: RelyingParty
) -> None:
    hint = await hint_at(people, "alice", own)
    await family(person, "alice", "bob")

    page = await person.visit(own, id_token_hint=hint, prompt="select_account")

    assert own.answer(await person.choose(page, "Bob")).error == "login_required"


@pytest.mark.parametrize("hint", ["alice", "ALICE@example.com"])
async def test_a_login_hint_at_one_who_is_signed_in_selects_them(person: Person, own: RelyingParty, hint: str) -> None:
    await family(person, "alice", "bob")

    assert await name_in(own, await person.visit(own, login_hint=hint)) == "Alice"
    assert await acting(person.browser) == "Alice"


async def test_a_login_hint_selects_nobody_where_the_client_wants_them_to_be_asked(
    person: Person, own: RelyingParty
) -> None:
    await family(person, "alice", "bob")

    login = await person.visit(own, login_hint="alice", prompt="login")
    choosing = await person.visit(own, login_hint="alice", prompt="select_account")

    assert (login.path, login.form.fields["username"]) == ("/login", "alice")
    assert await name_in(own, await person.choose(choosing, "Bob")) == "Bob"


async def test_a_login_hint_at_a_stranger_changes_nothing(person: Person, own: RelyingParty) -> None:
    await family(person, "alice", "bob")

    assert await name_in(own, await person.visit(own, login_hint="carol")) == "Bob"


async def test_a_browser_that_keeps_no_new_cookies_does_not_go_round_in_circles(
    person: Person, people: Callable[..., Person], own: RelyingParty
) -> None:
    hint = await hint_at(people, "alice", own)
    await family(person, "alice", "bob")
    kept = dict(person.browser.http.cookies)
    response = await person.browser.http.get(own.authorization_url(id_token_hint=hint))
    for _ in range(5):
        if "location" not in response.headers:
            break
        person.browser.http.cookies.clear()
        for name, value in kept.items():
            person.browser.http.cookies.set(name, value, domain="id.example.com", path="/")
        response = await person.browser.http.get(response.headers["location"])

    assert response.url.path == "/login"


async def test_for_one_alone_nothing_is_asked_of_the_database_that_was_not_before(
    person: Person, people: Callable[..., Person], own: RelyingParty, house: House
) -> None:
    hint = await hint_at(people, "bob", own)
    await family(person, "alice", "bob")
    alone = people("bob")
    await alone.sign_in()

    counts = []
    for one, changes in ((alone, {}), (person, {}), (person, {"id_token_hint": hint}), (person, {"login_hint": "bob"})):
        with deeds.statements(house) as seen:
            own.answer(await one.visit(own, **changes))
        counts.append(len(seen))

    assert len(set(counts)) == 1, counts


async def test_display_popup_makes_pages_compact_and_others_are_the_usual_ones(
    person: Person, relying_party: RelyingParty
) -> None:
    for display, is_compact in (
        ("popup", True),
        ("page", False),
        ("touch", False),
        ("wap", False),
        ("hologram", False),
    ):
        page = await person.visit(relying_party, display=display, prompt="login")  # OpenID Connect Core §3.1.2.1
        assert ('<body class="popup">' in page.response.text) is is_compact, display
    asked = await person.sign_in(await person.visit(relying_party, display="popup"))
    choosing = await person.visit(relying_party, display="popup", prompt="select_account")

    assert asked.path == "/consent"
    for page in (asked, choosing):
        assert '<body class="popup">' in page.response.text


async def test_the_chooser_on_another_browser_or_too_late_starts_afresh(
    person: Person, people: Callable[..., Person], own: RelyingParty, held_clock: HeldClock
) -> None:
    eve = people("bob")
    await eve.sign_in()
    await person.sign_in()
    page = await person.visit(own, prompt="select_account")

    stolen = await eve.browser.open("/select-account", interaction=page.form.fields["interaction"])
    held_clock.move(timedelta(hours=2))
    late = await person.choose(page, "Alice")

    assert list(accounts(stolen)) == ["Bob"]
    assert stolen.form.fields["interaction"] != page.form.fields["interaction"]
    assert late.path == "/select-account"
    assert own.answer(await person.choose(late, "Alice")).code
