"""Logout requests that are refused: nobody is sent to an address that isn't the client's."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.accounts.current import Current
from oidc_server.accounts.models import User
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.registry import Client
from oidc_server.house import House
from oidc_server.oauth.logout.request import LogoutRequest
from oidc_server.sessions.models import BrowserSession
from tests.actors.browser import Page
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.foundation.web.logbook import Logbook
from tests.oauth import deeds

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

BYE = "https://shop.example.com/bye"
NOT_ITS_OWN = [
    "https://evil.example/bye",
    "https://shop.example.com/callback",
    "https://shop.example.com/bye/",
    "https://shop.example.com/bye?x=1",
    "https://shop.example.com/bye#x",
    "https://shop.example.com/Bye",
    "https://SHOP.example.com/bye",
    "https://shop.example.com:443/bye",
    "http://shop.example.com/bye",
    "https://shop.example.com@evil.example/bye",
    "https://spa.example.com/bye",
    "//shop.example.com/bye",
    "/bye",
    "javascript:alert(1)",
    "https://shop.example.com/bye\r\nx: y",
]


def assert_refused(page: Page, logbook: Logbook) -> None:
    assert page.status == 400
    assert "location" not in page.response.headers
    assert page.ids["oauth-error"].strip()
    assert logbook.lines("request_refused")[-1]["error_id"] in page.text


@on_one_database
async def test_the_address_must_be_one_of_the_clients_letter_for_letter(
    person: Person, relying_party: RelyingParty, logbook: Logbook
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)

    for uri in NOT_ITS_OWN:  # RP-Initiated Logout §3
        for identification in ({"id_token_hint": tokens.id_token}, {"client_id": "shop"}):
            page = await person.browser.open("/logout", post_logout_redirect_uri=uri, **identification)
            assert_refused(page, logbook)
    assert relying_party.answer(await person.visit(relying_party)).code  # and nobody was signed out


@on_one_database
async def test_an_address_needs_a_client_whose_it_is(person: Person, logbook: Logbook) -> None:
    assert_refused(await person.browser.open("/logout", post_logout_redirect_uri=BYE), logbook)
    await person.sign_in()
    # RP-Initiated Logout §3
    assert_refused(await person.browser.open("/logout", post_logout_redirect_uri=BYE), logbook)


@on_one_database
@pytest.mark.parametrize("client_id", ["nobody", "SHOP", "x" * 5000])
async def test_an_unknown_client_is_refused(person: Person, logbook: Logbook, client_id: str) -> None:
    assert_refused(await person.browser.open("/logout", client_id=client_id), logbook)


@on_one_database
async def test_a_disabled_client_sends_nobody_anywhere(
    person: Person, relying_party: RelyingParty, house: House, logbook: Logbook
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)
    await deeds.disable_client(house, "shop")

    for identification in ({"id_token_hint": tokens.id_token}, {"client_id": "shop"}):
        page = await person.browser.open("/logout", post_logout_redirect_uri=BYE, **identification)
        assert_refused(page, logbook)


@on_one_database
async def test_hint_and_client_must_agree(person: Person, relying_party: RelyingParty, logbook: Logbook) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)

    page = await person.browser.open("/logout", id_token_hint=tokens.id_token, client_id="spa")

    assert_refused(page, logbook)  # RP-Initiated Logout §2


@on_one_database
async def test_what_is_no_id_token_of_ours_is_no_hint(
    person: Person, relying_party: RelyingParty, foreign_id_token: str, logbook: Logbook
) -> None:
    tokens = await relying_party.redeem((await person.approve(relying_party)).code)
    head, body, signature = tokens.id_token.split(".")
    forged = [
        f"{head}.{body}.",
        f"{head}.{body}.{signature[::-1]}",
        f"{head}.{foreign_id_token.split('.')[1]}.{signature}",
    ]

    for hint in ("junk", "..", tokens.access_token, tokens.refresh_token, foreign_id_token, *forged):
        assert_refused(await person.browser.open("/logout", id_token_hint=hint), logbook)  # RP-Initiated Logout §2, §4


@on_one_database
@pytest.mark.parametrize("query", ["state=1&state=1", "state=%00", "state=%ff", "x" * 20_000 + "=1"])
async def test_what_cannot_be_read_is_refused_politely(person: Person, logbook: Logbook, query: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    assert_refused(Page(await person.browser.http.get(f"/logout?{query}")), logbook)  # RP-Initiated Logout §4
    assert_refused(Page(await person.browser.http.post("/logout", content=query, headers=form)), logbook)


@on_one_database
async def test_nobody_who_is_signed_out_is_sent_elsewhere_either(
    people: Callable[..., Person], logbook: Logbook
) -> None:
    stranger = people()

    page = await stranger.browser.open("/logout", client_id="shop", post_logout_redirect_uri="https://evil.example/")
    own = await stranger.browser.open("/logout", client_id="shop", post_logout_redirect_uri=BYE, state="s")

    assert_refused(page, logbook)
    assert own.response.headers["location"] == f"{BYE}?state=s"


ALICE, SESSION = UUID(int=1), UUID(int=10)
PERSON = Current(User(id=ALICE), BrowserSession(id=SESSION, user_id=ALICE))
SHOP = Client("shop", ClientMetadata.model_construct())
SERVER: Any = SimpleNamespace(issuing=SimpleNamespace(subject=lambda _, user_id: str(user_id)))
REQUEST = LogoutRequest(hint=None, client=None, return_to=None)


@given(
    st.sampled_from([str(ALICE), str(UUID(int=2)), ALICE.hex, "", "alice"]),
    st.sampled_from([None, str(SESSION), str(UUID(int=11)), "", SESSION.hex]),
)
def test_a_hint_speaks_for_exactly_one_person_and_session(subject: str, session: str | None) -> None:
    asked = replace(REQUEST, hint={"sub": subject, "sid": session}, client=SHOP)

    assert asked.speaks_for(PERSON, SERVER) == (subject == str(ALICE) and session == str(SESSION))


def test_without_a_hint_nobody_speaks_for_anybody() -> None:
    assert not replace(REQUEST, client=SHOP).speaks_for(PERSON, SERVER)


def test_without_its_client_a_hint_speaks_for_nobody() -> None:
    assert not replace(REQUEST, hint={"sub": str(ALICE)}).speaks_for(PERSON, SERVER)
