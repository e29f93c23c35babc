"""Certification of RP-Initiated Logout: where a person ends up, and that they are signed out."""

import asyncio
from typing import Any

import pytest

from tests.actors.person import Person
from tests.actors.publisher import Publisher
from tests.actors.relying_party import RelyingParty, Tokens
from tests.certification.conftest import AFTER_LOGOUT, NO_PKCE, Register, sign_in

pytestmark = pytest.mark.xdist_group("certification")  # one server for all of them


async def begin(person: Person, register: Register) -> tuple[RelyingParty, Tokens]:
    party = (await register()).relying_party()
    return party, await party.redeem((await sign_in(person, party)).code, code_verifier=None)


async def is_signed_out(person: Person, party: RelyingParty) -> bool:
    return party.answer(await person.visit(party, prompt="none", **NO_PKCE)).error == "login_required"


@pytest.mark.parametrize("state", [{}, {"state": "s"}])
async def test_a_client_that_shows_its_id_token_gets_the_person_back(
    person: Person, register: Register, state: dict[str, str]
) -> None:
    party, tokens = await begin(person, register)
    hint = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": AFTER_LOGOUT}
    page = await person.browser.open("/logout", **hint, **state)

    assert page.response.headers["location"] == AFTER_LOGOUT + ("?state=s" if state else "")
    assert await is_signed_out(person, party)


@pytest.mark.parametrize("parameters", [{}, {"state": "s"}])
async def test_without_a_hint_the_person_is_asked_and_stays_with_us(
    person: Person, register: Register, parameters: dict[str, str]
) -> None:
    party, _ = await begin(person, register)
    asked = await person.browser.open("/logout", **parameters)
    page = await person.browser.submit(asked)

    assert page.status == 200
    assert await is_signed_out(person, party)


def modified(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body}.{signature[:-8]}AAAAAAAA"


@pytest.mark.parametrize(
    "wrong",
    [
        {"post_logout_redirect_uri": "https://suite.example.com/other"},
        {"post_logout_redirect_uri": f"{AFTER_LOGOUT}?foo=bar"},
        {"id_token_hint": "modified"},
    ],
    ids=str,
)
async def test_what_cannot_be_trusted_sends_nobody_anywhere(
    person: Person, register: Register, wrong: dict[str, Any]
) -> None:
    _, tokens = await begin(person, register)
    if "id_token_hint" in wrong:
        wrong = {"id_token_hint": modified(tokens.id_token)}
    good = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": AFTER_LOGOUT, "state": "s"}
    page = await person.browser.open("/logout", **{**good, **wrong})

    assert "location" not in page.response.headers


async def test_a_client_that_registered_itself_hears_of_the_end(
    person: Person, register: Register, publisher: Publisher
) -> None:
    publisher.documents["/backchannel"] = b""
    uris = {"backchannel_logout_uri": publisher.url("/backchannel"), "backchannel_logout_session_required": True}
    front = {"frontchannel_logout_uri": "https://suite.example.com/frontchannel"}
    party = (await register(**uris, **front, frontchannel_logout_session_required=True)).relying_party()
    answer = await sign_in(person, party)
    tokens = await party.redeem(answer.code, code_verifier=None)
    hint = {"id_token_hint": tokens.id_token, "post_logout_redirect_uri": AFTER_LOGOUT}
    page = await person.browser.open("/logout", **hint)
    for _ in range(200):
        if publisher.read:
            break
        await asyncio.sleep(0.05)

    assert publisher.read == ["/backchannel"]
    assert f"{front['frontchannel_logout_uri']}?" in page.response.text
    assert tokens.id_claims["sid"] in page.response.text
    assert answer.parameters["session_state"]
    assert (await person.browser.open("/check_session")).status == 200
