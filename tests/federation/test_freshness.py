"""How recent a sign-in at an upstream is: as recent as it says itself, and no more than that."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.house import House
from oidc_server.sessions.ledger import LONG_AGO
from oidc_server.sessions.models import BrowserSession
from tests import factories
from tests.accounts import deeds as accounts
from tests.accounts import factor_deeds
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.upstream_provider import UpstreamProvider
from tests.federation import deeds

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FRESH_PAGES = ("/account/password", "/account/email", "/account/delete", "/account/security/passkeys")


def says(provider: UpstreamProvider, ago: object) -> None:
    """Let it say how many seconds ago the person proved there who they are; nothing, or what is no number."""
    told = {} if ago is None else {"auth_time": int(time.time()) - ago if isinstance(ago, int) else ago}
    provider.twist = lambda claims: claims.update(told)


async def session_of(house: House) -> BrowserSession:
    """The one session that there is."""

    def read(session: Session) -> BrowserSession:
        return session.scalars(select(BrowserSession)).one()

    return await accounts.in_transaction(house, read)


@pytest.mark.parametrize(
    ("ago", "is_known"), [(3 * 24 * 3600, True), (0, True), (None, False), ("now", False), ([1], False)]
)
async def test_a_session_is_as_old_as_the_sign_in_there(
    person: Person, house: House, upstream_provider: UpstreamProvider, ago: object, is_known: bool
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    says(upstream_provider, ago)

    await deeds.come_by(person, upstream_provider)

    at = (await session_of(house)).authenticated_at
    if is_known and isinstance(ago, int):
        assert abs(time.time() - ago - at.timestamp()) < 30
    else:
        assert at == LONG_AGO


async def test_an_auth_time_in_the_future_is_not_believed(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    says(upstream_provider, -600)

    assert (await deeds.come_by(person, upstream_provider)).status == 422


@pytest.mark.parametrize("page", FRESH_PAGES)
async def test_a_page_that_needs_a_fresh_proof_is_not_opened_by_a_silent_sign_in(
    person: Person, house: House, upstream_provider: UpstreamProvider, page: str
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    says(upstream_provider, 3600)
    await deeds.come_by(person, upstream_provider)

    login = await person.browser.open(page)
    back = await deeds.come_by(person, upstream_provider, page=login)

    assert login.path == "/login"
    asked = upstream_provider.asked[-1]
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert (back.status, back.path) == (422, "/login/upstream/other/callback")
    assert "anew" in back.ids["problem"]
    says(upstream_provider, 0)
    assert (await deeds.come_by(person, upstream_provider, page=back)).path == page


async def test_the_overview_needs_no_fresh_proof(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.github())
    upstream_provider.person = {"id": 1, "login": "octocat"}

    page = await deeds.come_by(person, upstream_provider, "hub", await person.browser.open("/account"), iss=None)

    assert (page.status, page.path) == (200, "/account")


async def test_what_speaks_oauth_alone_proves_nothing_anew(
    people: Callable[..., Person], relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.github())
    upstream_provider.person = {"id": 1, "login": "octocat"}
    person = people()
    await deeds.come_by(person, upstream_provider, "hub", iss=None)

    waiting = [
        await person.browser.open("/account/delete"),
        await person.visit(relying_party, prompt="login"),
        await person.visit(relying_party, max_age="3600"),
    ]

    for page in waiting:
        assert page.path == "/login"
        refused = await deeds.choose(person, "hub", page)
        assert (refused.status, "location" in refused.response.headers) == (422, False)
        assert "anew" in refused.ids["problem"]


async def answered(person: Person, party: RelyingParty, page: Page) -> dict[str, Any]:
    """The ID token's claims, after the consent page."""
    tokens = await party.redeem(party.answer(await person.decide(page)).code)
    return tokens.id_claims


async def test_applications_are_told_when_it_was(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    says(upstream_provider, 5000)

    page = await deeds.come_by(person, upstream_provider, page=await person.visit(relying_party))
    claims = await answered(person, relying_party, page)

    assert abs(time.time() - 5000 - claims["auth_time"]) < 30  # OpenID Connect Core §2
    assert (await person.visit(relying_party, max_age="4000")).path == "/login"


@pytest.mark.parametrize("wish", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}])
@pytest.mark.parametrize(("ago", "comes_in"), [(0, True), (600, False), (None, False)])
async def test_an_application_that_wants_a_fresh_sign_in_gets_no_silent_one(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider,
    wish: dict[str, str], ago: int | None, comes_in: bool,
) -> None:  # fmt: skip
    await deeds.configure(house, upstream_provider.entry())
    says(upstream_provider, ago)

    page = await deeds.come_by(person, upstream_provider, page=await person.visit(relying_party, **wish))

    assert (page.path == "/consent") is comes_in


async def test_what_a_client_wants_by_default_is_wanted_of_the_upstream_too(
    person: Person, house: House, upstream_provider: UpstreamProvider, http: Any
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    await factories.add_client(house, **factories.client("bank", default_max_age=60))
    await house.database.run(house.follow_changes)

    page = await deeds.come_by(
        person, upstream_provider, page=await person.visit(RelyingParty(http, "bank"), scope="openid")
    )

    assert upstream_provider.asked[0]["max_age"] == "60"
    assert page.status == 422


@pytest.mark.parametrize(("ago", "comes_in"), [(None, True), (600, False)])
async def test_one_that_is_believed_to_ask_anew_need_not_say_when(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider,
    ago: int | None, comes_in: bool,
) -> None:  # fmt: skip
    await deeds.configure(house, upstream_provider.entry(asks_anew=True))
    says(upstream_provider, ago)

    page = await deeds.come_by(person, upstream_provider, page=await person.visit(relying_party, max_age="60"))

    assert upstream_provider.asked[0]["prompt"] == "login"
    assert (page.path == "/consent") is comes_in


async def test_not_even_that_one_is_fresh_unless_it_was_asked_to(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry(asks_anew=True))

    await deeds.come_by(person, upstream_provider)

    assert (await session_of(house)).authenticated_at == LONG_AGO


async def test_a_silent_sign_in_makes_no_earlier_proof_newer_or_older(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry(trusted_for_email=True, email_matching="verified"))
    upstream_provider.person = {"sub": "1", "email": "alice@example.com", "email_verified": True}
    await deeds.sign_in_by_password(person)
    before = (await session_of(house)).authenticated_at

    await deeds.come_by(person, upstream_provider)

    assert (await session_of(house)).authenticated_at == before


async def test_a_second_factor_here_makes_the_sign_in_there_no_newer(
    person: Person, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry(trusted_for_email=True, email_matching="verified"))
    upstream_provider.person = {"sub": "1", "email": "alice@example.com", "email_verified": True}
    says(upstream_provider, 3600)
    phone = await factor_deeds.give_authenticator(house)

    await person.prove(await deeds.come_by(person, upstream_provider), phone.code())

    known = await session_of(house)
    assert (known.acr, known.amr) == ("2", ["fed", "otp", "mfa"])
    assert time.time() - known.authenticated_at.timestamp() > 3500


async def test_who_came_in_silence_adds_no_first_factor(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider
) -> None:
    await deeds.configure(house, upstream_provider.entry())
    says(upstream_provider, 3600)
    await deeds.come_by(person, upstream_provider)

    page = await person.visit(relying_party, acr_values="2")

    assert page.path == "/login"
    await deeds.come_by(person, upstream_provider, page=page)
    assert upstream_provider.asked[-1]["prompt"] == "login"


@pytest.mark.parametrize("amr", [["mfa", "otp"], ["mfa", 7, "", "a b", "x" * 33, "\u00fc", None, ["pwd"]], "mfa", None])
@pytest.mark.parametrize("trust", [True, False])
async def test_no_factor_that_an_upstream_tells_of_counts_here(
    person: Person, relying_party: RelyingParty, house: House, upstream_provider: UpstreamProvider,
    trust: bool, amr: object,
) -> None:  # fmt: skip
    await deeds.configure(house, upstream_provider.entry(trust_amr=trust))
    upstream_provider.person = {"sub": "1", "amr": amr}

    page = await deeds.come_by(person, upstream_provider, page=await person.visit(relying_party))
    claims = await answered(person, relying_party, page)

    told = [one for one in amr if one in ("mfa", "otp")] if trust and isinstance(amr, list) else []
    assert (claims["acr"], claims["amr"]) == ("1", ["fed", *told])
