"""A token that a client got for itself rests on no grant: however it ends, it is over at every door and on every node."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from oidc_server.clients import registry
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from oidc_server.tokens.models import RevokedToken
from tests.actors.applicant import JSON
from tests.actors.relying_party import RelyingParty, claims
from tests.conftest import running
from tests.factories import secret_of
from tests.oauth import deeds

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
MANY = 50


async def own_token(party: RelyingParty) -> str:
    return (await party.ask("client_credentials", scope="orders.read")).access_token


async def revoked(house: House, machine: RelyingParty, token: str) -> None:
    assert (await machine.revoke(token)).status_code == 200


async def all_ended(house: House, machine: RelyingParty, token: str) -> None:
    assert await deeds.in_transaction(house, registry.end_own_tokens, "machine")


async def disabled(house: House, machine: RelyingParty, token: str) -> None:
    await deeds.disable_client(house, "machine")


class Doors:
    """Every place where somebody may show such a token; whether it counts there."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def introspection(self, token: str) -> bool:
        """Tells the API that the token is for."""
        return bool((await RelyingParty(self._http, "api").introspect(token))["active"])

    async def introspection_as_a_jwt(self, token: str) -> bool:
        """Tells it as a JWT."""
        told = await self._http.post(
            "/introspect",
            data={"token": token},
            auth=("api", secret_of("api")),
            headers={"Accept": "application/token-introspection+jwt"},
        )
        return bool(claims(told.text)["token_introspection"]["active"])

    async def userinfo(self, token: str) -> bool:
        """Knows people only."""
        return (await self._http.get("/userinfo", headers=_bearer(token))).status_code == 200

    async def account(self, token: str) -> bool:
        """Knows people only."""
        return (await self._http.get("/api/v1/me", headers=_bearer(token))).status_code == 200

    async def projects(self, token: str) -> bool:
        """Knows people only."""
        return (await self._http.get("/api/v1/projects", headers=_bearer(token))).status_code == 200

    async def registration(self, token: str) -> bool:
        """Takes initial access tokens only."""
        response = await self._http.post("/register", content="{}", headers={**JSON, **_bearer(token)})
        return response.status_code == 201

    async def own_registration(self, token: str) -> bool:
        """Takes registration access tokens only."""
        return (await self._http.get("/register/machine", headers=_bearer(token))).status_code == 200


DOORS = [name for name in vars(Doors) if not name.startswith("_")]
OPEN = {"introspection", "introspection_as_a_jwt"}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("end", [revoked, all_ended, disabled])
async def test_it_opens_no_door_once_it_has_ended(
    http: httpx2.AsyncClient, machine: RelyingParty, house: House, end: Callable[..., Awaitable[None]]
) -> None:
    token, doors = await own_token(machine), Doors(http)
    assert {name for name in DOORS if await getattr(doors, name)(token)} == OPEN

    await end(house, machine, token)

    assert {name for name in DOORS if await getattr(doors, name)(token)} == set()  # RFC 7009 §2, RFC 7662 §2.2


async def test_what_one_node_has_ended_is_over_on_another_at_once(
    machine: RelyingParty, house: House, settings: Settings
) -> None:
    first, second = await own_token(machine), await own_token(machine)
    async with running(settings) as other:
        transport = httpx2.ASGITransport(app=other)
        async with httpx2.AsyncClient(transport=transport, base_url=settings.issuer) as http:
            elsewhere = Doors(http)
            assert await elsewhere.introspection(first)

            await revoked(house, machine, first)
            assert not await elsewhere.introspection(first)
            assert await elsewhere.introspection(second)
            await all_ended(house, machine, second)
            assert not await elsewhere.introspection(second)


@pytest.mark.parametrize("by", ["shop", "api", "spa"])
async def test_no_other_client_can_revoke_it(
    http: httpx2.AsyncClient, machine: RelyingParty, house: House, by: str
) -> None:
    token = await own_token(machine)

    response = await RelyingParty(http, by, auth="none" if by == "spa" else "basic").revoke(token)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")  # RFC 7009 §2.1
    assert await Doors(http).introspection(token)
    assert await deeds.count(house, RevokedToken) == 0


async def test_revoked_many_times_at_once_it_is_written_down_once(machine: RelyingParty, house: House) -> None:
    token = await own_token(machine)

    answers = await asyncio.gather(*(machine.revoke(token) for _ in range(MANY)))

    assert {answer.status_code for answer in answers} == {200}
    assert await deeds.count(house, RevokedToken) == 1
    assert [one.event for one in await deeds.events(house)].count("client:token:revoked") == 1


async def test_many_are_revoked_at_once(http: httpx2.AsyncClient, machine: RelyingParty, house: House) -> None:
    tokens = [await own_token(machine) for _ in range(MANY)]

    answers = await asyncio.gather(*(machine.revoke(token) for token in tokens))

    assert {answer.status_code for answer in answers} == {200}
    assert await deeds.count(house, RevokedToken) == MANY
    assert not any([await Doors(http).introspection(token) for token in tokens[::7]])


async def test_only_what_we_signed_and_has_not_expired_is_written_down(
    machine: RelyingParty, house: House, held_clock: HeldClock
) -> None:
    token = await own_token(machine)
    forged = token[: token.rindex(".")] + "." + "A" * 342
    held_clock.move(timedelta(minutes=10))

    for one in (token, forged, f"{token}x"):
        assert (await machine.revoke(one)).status_code == 200  # RFC 7009 §2.2

    assert await deeds.count(house, RevokedToken) == 0


@SQLITE
@pytest.mark.parametrize("name", ["machine", "api"])
async def test_asking_about_it_costs_one_statement(
    http: httpx2.AsyncClient, machine: RelyingParty, house: House, name: str
) -> None:
    party = RelyingParty(http, name)
    token = await own_token(machine)
    await party.introspect(token)

    with deeds.statements(house) as seen:
        assert (await party.introspect(token))["active"]

    assert len(seen) == 1


#: Which tokens count of a client whose tokens all ended in the middle of a second; the clocks of two nodes differ a little.
SECOND = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)
MOMENTS = {-60.0: False, -0.5: False, 0.0: False, 0.4: False, 0.6: False, 1.9: False, 2.0: True, 2.3: True, 60.0: True}


@SQLITE
@pytest.mark.parametrize("seconds", MOMENTS)
async def test_when_all_are_ended_those_of_the_same_second_die_and_later_ones_live(
    http: httpx2.AsyncClient, machine: RelyingParty, house: House, held_clock: HeldClock, seconds: float
) -> None:
    held_clock.at = SECOND + timedelta(seconds=seconds)
    token = await own_token(machine)

    held_clock.at = SECOND + timedelta(seconds=0.5)
    from_then_on = await deeds.in_transaction(house, registry.end_own_tokens, "machine")
    held_clock.at = max(held_clock.at, SECOND + timedelta(seconds=seconds))

    assert await Doors(http).introspection(token) is MOMENTS[seconds]
    assert from_then_on == SECOND + timedelta(seconds=2.5)


async def test_other_clients_keep_theirs(http: httpx2.AsyncClient, machine: RelyingParty, house: House) -> None:
    ours, theirs = await own_token(machine), await own_token(RelyingParty(http, "api"))

    await all_ended(house, machine, ours)

    assert await Doors(http).introspection(theirs)


async def test_who_is_not_there_has_nothing_to_end(house: House) -> None:
    nobody: Any = await deeds.in_transaction(house, registry.end_own_tokens, "nobody")

    assert nobody is None
