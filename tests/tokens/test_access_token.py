"""Access tokens: exactly what RFC 9068 asks for, for exactly those they are meant for."""

from datetime import UTC, datetime, timedelta

import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.keys import jwt
from oidc_server.tokens import access_token
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, header
from tests.actors.resource_server import ResourceServer
from tests.conftest import ISSUER
from tests.factories import API, World, furnish
from tests.oauth import deeds


async def test_it_says_who_whom_what_and_how_long(
    person: Person, relying_party: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    answer = await person.approve(relying_party, scope="openid orders.read")
    held_clock.move(timedelta(seconds=30))
    token = (await relying_party.redeem(answer.code)).access_token

    now = int(held_clock.at.timestamp())
    claims = jwt.verify(token, {"at+jwt"}, house.ring.find)
    jti, grant_id = claims.pop("jti"), claims.pop("grant_id")
    assert claims == {
        "iss": ISSUER,
        "sub": str(await deeds.user_id(house, "alice")),
        "aud": [API, ISSUER],
        "client_id": "shop",
        "scope": "openid orders.read",
        "iat": now,
        "exp": now + 600,
        "auth_time": now - 30,
        "acr": "1",
        "amr": ["pwd"],
    }  # RFC 9068 §2.2
    assert len(jti) >= 16
    assert grant_id


async def test_its_header_names_type_key_and_algorithm_and_nothing_else(machine: RelyingParty, house: House) -> None:
    token = (await machine.ask("client_credentials")).access_token

    assert header(token) == {"alg": "RS256", "kid": house.ring.current().kid, "typ": "at+jwt"}  # RFC 9068 §2.1


async def test_no_two_have_one_id(machine: RelyingParty) -> None:
    ids = [(await machine.ask("client_credentials")).access_claims["jti"] for _ in range(5)]

    assert len(set(ids)) == 5


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        ("openid", ISSUER),
        ("openid profile email", ISSUER),
        ("orders.read", API),
        ("orders.read orders.write", API),
        ("openid orders.read", [API, ISSUER]),
        ("orders.read stock.read", [API, "https://stock.example.com"]),
        ("openid orders.read stock.read", [API, "https://stock.example.com", ISSUER]),
        ("email", ISSUER),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_it_is_for_the_resource_servers_of_its_scopes_and_for_us_with_openid(
    person: Person, relying_party: RelyingParty, house: House, scope: str, audience: str | list[str]
) -> None:
    resource = {"resource": "https://stock.example.com", "scopes": ["stock.read"]}
    await house.database.run(furnish, house, World(resources=[resource]))
    await deeds.change_client(house, "shop", scope="openid profile email orders.read orders.write stock.read")

    tokens = await relying_party.redeem((await person.approve(relying_party, scope=scope)).code)

    assert tokens.access_claims["aud"] == audience  # RFC 9068 §3


async def test_a_resource_server_checks_it_by_itself(machine: RelyingParty, resource_server: ResourceServer) -> None:
    tokens = await machine.ask("client_credentials", scope="orders.read")

    assert (await resource_server.verify(tokens.access_token))["client_id"] == "machine"


async def test_it_is_read_back_until_it_expires(house: House, held_clock: HeldClock, machine: RelyingParty) -> None:
    text = (await machine.ask("client_credentials", scope="orders.read")).access_token
    held_clock.move(timedelta(minutes=10) - timedelta(seconds=1))
    token = access_token.read(house.ring, ISSUER, text)
    held_clock.move(timedelta(seconds=1))

    assert (token.client_id, set(token.scopes), token.audience) == ("machine", {"orders.read"}, [API])
    assert token.grant_id is None
    assert token.expires_at == datetime.fromtimestamp(int(held_clock.at.timestamp()), tz=UTC)
    with pytest.raises(jwt.InvalidToken, match="expired"):  # RFC 9068 §4
        access_token.read(house.ring, ISSUER, text)


async def test_it_is_nothing_at_another_issuer(house: House, machine: RelyingParty) -> None:
    text = (await machine.ask("client_credentials")).access_token

    with pytest.raises(jwt.InvalidToken, match="issuer"):  # RFC 9068 §4
        access_token.read(house.ring, "https://other.example.com", text)
