"""The authorization code grant, from the button to the tokens."""

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
