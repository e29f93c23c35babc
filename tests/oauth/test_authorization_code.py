"""The authorization code grant, from the button to the tokens."""

from collections.abc import Callable

import httpx2

from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, header
from tests.actors.resource_server import ResourceServer


async def test_a_person_signs_in_an_app_gets_tokens_an_api_trusts_them(
    person: Person, relying_party: RelyingParty, resource_server: ResourceServer
) -> None:
    answer = await person.approve(relying_party, scope="openid profile email orders.read")
    tokens = await relying_party.redeem(answer.code)

    assert tokens.status == 200
    assert answer.parameters["state"] == "the-state"
    assert answer.parameters["iss"] == "https://id.example.com"  # RFC 9207 §2
    claims = await resource_server.verify(tokens.access_token)
    assert claims["client_id"] == "shop"
    assert await resource_server.accepts(tokens.access_token)
    userinfo = (await relying_party.userinfo(tokens.access_token)).json()
    assert userinfo["sub"] == tokens.id_claims["sub"] == claims["sub"]
    assert userinfo["email"] == "alice@example.com"


async def test_a_code_works_once(person: Person, relying_party: RelyingParty, resource_server: ResourceServer) -> None:
    answer = await person.approve(relying_party, scope="openid orders.read")
    first = await relying_party.redeem(answer.code)

    again = await relying_party.redeem(answer.code)

    assert again.error == "invalid_grant"
    assert not await resource_server.accepts(first.access_token)  # RFC 6749 §4.1.2
    assert (await relying_party.refresh(first.refresh_token)).error == "invalid_grant"
    assert (await relying_party.userinfo(first.access_token)).status_code == 401
    assert header(first.access_token)["typ"] == "at+jwt"


async def test_an_app_in_the_browser_proves_itself_with_pkce_alone(person: Person, spa: RelyingParty) -> None:
    tokens = await spa.redeem((await person.approve(spa, scope="openid profile")).code)

    assert tokens.id_claims["aud"] == "spa"
    assert (await spa.userinfo(tokens.access_token)).json()["name"] == "Alice"  # RFC 9700 §2.1.1
    assert (await spa.refresh(tokens.refresh_token)).status == 200


async def test_who_is_signed_in_at_one_app_is_signed_in_at_the_next(
    person: Person, relying_party: RelyingParty, http: httpx2.AsyncClient
) -> None:
    poster = RelyingParty(http, "poster", auth="post")
    first = await relying_party.redeem((await person.approve(relying_party)).code)

    page = await person.visit(poster)
    second = await poster.redeem(poster.answer(await person.decide(page)).code)

    assert page.path == "/consent"  # no password: only what this app may do
    assert second.id_claims["sub"] == first.id_claims["sub"]
    assert second.id_claims["sid"] == first.id_claims["sid"]
    assert second.id_claims["auth_time"] == first.id_claims["auth_time"]


async def test_a_first_party_app_asks_for_nothing_but_the_password(person: Person, http: httpx2.AsyncClient) -> None:
    party = RelyingParty(http, "first-party")

    page = await person.sign_in(await person.visit(party))

    assert (await party.redeem(party.answer(page).code)).status == 200


async def test_two_people_get_two_subjects(people: Callable[..., Person], relying_party: RelyingParty) -> None:
    claims = [
        (await relying_party.redeem((await people(name).approve(relying_party)).code)).id_claims
        for name in ("alice", "bob")
    ]

    assert len({one["sub"] for one in claims}) == len({one["sid"] for one in claims}) == 2


async def test_a_native_app_must_redeem_at_the_very_port_it_asked_from(
    person: Person, http: httpx2.AsyncClient
) -> None:
    app = RelyingParty(http, "cli", auth="none", redirect_uri="http://127.0.0.1:50001/callback")
    code = (await person.approve(app, scope="openid")).code

    elsewhere = await app.redeem(code, redirect_uri="http://127.0.0.1:50002/callback")

    assert elsewhere.error == "invalid_grant"
    assert (await app.redeem(code)).status == 200
