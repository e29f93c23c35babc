"""The consent page: what it shows, whom it believes, what it remembers."""

from collections.abc import Callable

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.consents.models import Consent
from oidc_server.house import House
from oidc_server.tokens.models import Grant
from tests import factories
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.oauth import deeds


async def asking(person: Person, party: RelyingParty, **changes: str | None) -> Page:
    """The consent page, as the person who has just signed in sees it."""
    page = await person.sign_in(await person.visit(party, **changes))
    assert page.path == "/consent"
    return page


async def remembered(house: House) -> dict[str, list[str]]:
    """What has been allowed, by client."""

    def read(session: Session) -> dict[str, list[str]]:
        return {one.client_id: one.scopes for one in session.scalars(select(Consent))}

    return await deeds.in_transaction(house, read)


async def test_consent_is_remembered(person: Person, relying_party: RelyingParty, house: House) -> None:
    await person.approve(relying_party)

    assert relying_party.answer(await person.visit(relying_party)).code
    assert relying_party.answer(await person.visit(relying_party, scope="openid")).code
    assert await remembered(house) == {"shop": ["email", "openid", "profile"]}


async def test_more_scopes_are_asked_for_and_then_remembered_together(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    await person.approve(relying_party, scope="openid email")

    page = await person.visit(relying_party, scope="openid orders.read")
    relying_party.answer(await person.decide(page))

    assert await remembered(house) == {"shop": ["email", "openid", "orders.read"]}
    # Core §3.1.2.4
    assert relying_party.answer(await person.visit(relying_party, scope="openid email orders.read")).code


async def test_no_to_more_scopes_leaves_what_was_allowed_before(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    await person.approve(relying_party, scope="openid email")

    refused = relying_party.answer(await person.decide(await person.visit(relying_party, scope="openid phone"), "deny"))

    assert refused.error == "access_denied"
    assert await remembered(house) == {"shop": ["email", "openid"]}
    assert relying_party.answer(await person.visit(relying_party, scope="openid email")).code


async def test_one_persons_consent_is_nobody_elses(
    people: Callable[..., Person], relying_party: RelyingParty, spa: RelyingParty
) -> None:
    alice, bob = people("alice"), people("bob")
    await alice.approve(relying_party)

    assert (await asking(bob, relying_party)).path == "/consent"
    assert (await alice.visit(spa)).path == "/consent"


async def test_a_first_party_client_is_not_asked_about(person: Person, http: httpx2.AsyncClient, house: House) -> None:
    party = RelyingParty(http, "first-party")

    tokens = await party.redeem(party.answer(await person.sign_in(await person.visit(party))).code)

    assert tokens.status == 200
    assert await remembered(house) == {}
    assert (await party.refresh(tokens.refresh_token)).status == 200


async def test_a_native_app_is_asked_about_every_time(person: Person, http: httpx2.AsyncClient) -> None:
    app = RelyingParty(http, "cli", auth="none", redirect_uri="http://127.0.0.1:4711/callback")
    await person.approve(app)

    assert (await person.visit(app)).path == "/consent"  # RFC 8252 §8.6
    assert app.answer(await person.visit(app, prompt="none")).error == "consent_required"


async def test_the_page_says_who_asks_for_what_and_where_the_answer_goes(person: Person, house: House) -> None:
    await factories.add_client(house, **factories.client("shop", client_name="Näh & Co <b>"))
    party = RelyingParty(person.browser.http, "shop")

    page = await asking(person, party, scope="openid offline_access orders.read orders.write")

    assert "Näh & Co <b>" in page.text
    assert "See your orders" in page.text  # the resource server's own words
    assert "orders.write" in page.text  # which has none for this one
    assert "Stay connected" in page.text
    assert "<b>" not in page.response.text


async def test_the_form_of_another_browser_is_not_believed(
    people: Callable[..., Person], relying_party: RelyingParty, house: House
) -> None:
    alice, eve = people("alice"), people("bob")
    page, of_eve = await asking(alice, relying_party), await asking(eve, relying_party)
    stolen = {**page.form.fields, "csrf_token": of_eve.form.fields["csrf_token"]}

    for data in (stolen, {**stolen, "csrf_token": ""}, {"interaction": stolen["interaction"]}):
        refused = await alice.browser.post("/consent", {**data, "decision": "allow"})

        assert refused.status == 403
    assert await remembered(house) == {}  # Core §3.1.2.3, RFC 6749 §10.12
    assert relying_party.answer(await alice.decide(refused)).code  # the page that says so works


async def test_a_form_sent_by_another_site_is_not_believed(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    page = await asking(person, relying_party)

    for origin in ("https://evil.example", "http://id.example.com", "https://id.example.com:444", ""):
        refused = await person.browser.post("/consent", {**page.form.fields, "decision": "allow"}, Origin=origin)

        assert refused.status == 403, origin
    assert await remembered(house) == {}


async def test_a_question_put_to_alice_is_not_answered_by_bob(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    of_alice = await asking(person, relying_party)
    person.username = "bob"
    await person.sign_in()  # in another tab of the same browser

    page = await person.decide(of_alice)

    assert page.path == "/consent"
    assert await remembered(house) == {}
    assert await deeds.count(house, Grant) == 0


async def test_a_no_to_alice_is_no_no_of_bob(person: Person, relying_party: RelyingParty) -> None:
    of_alice = await asking(person, relying_party)
    person.username = "bob"
    await person.sign_in()

    page = await person.decide(of_alice, "deny")

    assert page.path == "/consent"
    assert relying_party.answer(await person.decide(page)).code


@pytest.mark.parametrize("decision", ["", "yes", "Allow", "allow deny", "<script>"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_only_allow_allows(person: Person, relying_party: RelyingParty, house: House, decision: str) -> None:
    again = await person.decide(await asking(person, relying_party), decision)

    assert again.status == 422
    assert await remembered(house) == {}
    assert relying_party.answer(await person.decide(again)).code


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_question_that_was_never_asked_is_never_answered(
    person: Person, relying_party: RelyingParty, house: House
) -> None:
    """The interaction of the login page is not yet one that the consent page has put to anybody."""
    of_login = await person.visit(relying_party)
    asked = await person.sign_in(of_login)
    data = {**asked.form.fields, "interaction": of_login.form.fields["interaction"], "decision": "allow"}

    await person.browser.post("/consent", data)

    assert await remembered(house) == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_both_decisions_at_once_are_refused(person: Person, relying_party: RelyingParty, house: House) -> None:
    fields = (await asking(person, relying_party)).form.fields
    body = "&".join(f"{name}={value}" for name, value in fields.items()) + "&decision=deny&decision=allow"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    page = Page(await person.browser.http.post("/consent", content=body, headers=headers))

    assert page.status == 400
    assert await remembered(house) == {}
