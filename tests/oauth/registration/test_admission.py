"""Who may register clients, and how many: modes, initial access tokens, quotas, and clients that nobody uses."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from oidc_server.audit.events import Event
from oidc_server.clients import initial_access_tokens
from oidc_server.clients.metadata import IDENTITY_SCOPES
from oidc_server.clients.models import ClientRow, InitialAccessToken
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.settings.model import Settings
from oidc_server.settings.protocol import RegistrationSettings
from tests.actors.applicant import Applicant, Registered
from tests.actors.person import Person
from tests.conftest import Template, make_settings
from tests.oauth import deeds

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def with_registration(**values: Any) -> pytest.MarkDecorator:
    """A server with these settings of registration."""
    return pytest.mark.parametrize("registration", [values])


@pytest.fixture
def registration() -> dict[str, Any]:
    """Only who has a token may."""
    return {"mode": "initial_access_token", "per_address": 1000}


@pytest.fixture
def settings(database_url: str, template: Template, registration: dict[str, Any]) -> Settings:
    """The server under test."""
    return make_settings(database_url, template.keys, registration=registration)


async def make_token(house: House, *, uses: int = 1, lasts_for: timedelta = timedelta(days=1)) -> str:
    token, _ = await deeds.in_transaction(
        house, initial_access_tokens.create, house.sealing, uses=uses, lasts_for=lasts_for
    )
    return token


def test_dynamic_clients_may_ask_for_openid_connect_s_scopes_unless_told_otherwise() -> None:
    assert RegistrationSettings().mode == "off"
    assert RegistrationSettings().scopes == IDENTITY_SCOPES
    assert RegistrationSettings.model_validate({"scopes": "openid, email"}).scopes == ("openid", "email")
    for wrong in ("", 'a"b', "\u00e9"):
        with pytest.raises(ValidationError):
            RegistrationSettings.model_validate({"scopes": wrong})


@with_registration(mode="off")
@SQLITE
async def test_nobody_may_unless_an_operator_wants_it(http: httpx2.AsyncClient, applicant: Applicant) -> None:
    answers = [await applicant.ask(), *[await http.request(one, "/register/x") for one in ("GET", "PUT", "DELETE")]]

    assert [(one.status_code, one.json()["error"]) for one in answers] == [(404, "access_denied")] * 4
    metadata = (await http.get("/.well-known/openid-configuration")).json()
    assert "registration_endpoint" not in metadata


async def test_a_token_registers_as_many_clients_as_it_was_made_for(http: httpx2.AsyncClient, house: House) -> None:
    applicant = Applicant(http, await make_token(house, uses=2))

    answers = [await applicant.ask() for _ in range(3)]

    assert [one.status_code for one in answers] == [201, 201, 401]
    assert 'error="invalid_token"' in answers[2].headers["www-authenticate"]


async def test_of_fifty_at_once_with_one_use_one_wins(http: httpx2.AsyncClient, house: House) -> None:
    applicant = Applicant(http, await make_token(house))

    answers = await asyncio.gather(*[applicant.ask() for _ in range(50)])

    assert sorted(one.status_code for one in answers) == [201] + [401] * 49
    dynamic = await deeds.in_transaction(
        house, lambda session: session.query(ClientRow).filter_by(is_dynamic=True).count()
    )
    assert dynamic == 1


@SQLITE
async def test_without_a_token_there_is_only_a_challenge(applicant: Applicant) -> None:
    response = await applicant.ask()

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="oidc-server"'  # RFC 7591 §3, RFC 6750 §3.1


@SQLITE
async def test_no_other_token_will_do(http: httpx2.AsyncClient, house: House) -> None:
    right = await make_token(house)
    client = await Applicant(http, await make_token(house)).register()

    for wrong in (
        right[:-1] + ("A" if right[-1] != "A" else "B"),
        right[:-2],
        right + "AA",
        "x",
        client.token,
        "A" * 64,
    ):
        assert (await Applicant(http, wrong).ask()).status_code == 401, wrong  # RFC 7591 §3


async def test_a_token_expires(http: httpx2.AsyncClient, house: House, held_clock: HeldClock) -> None:
    applicant = Applicant(http, await make_token(house, uses=5, lasts_for=timedelta(hours=1)))
    held_clock.move(timedelta(hours=1) - timedelta(seconds=1))
    assert (await applicant.ask()).status_code == 201
    held_clock.move(timedelta(seconds=1))

    assert (await applicant.ask()).status_code == 401


@SQLITE
async def test_a_refused_registration_uses_nothing_up(http: httpx2.AsyncClient, house: House) -> None:
    applicant = Applicant(http, await make_token(house))

    await applicant.refused(grant_types=["implicit"])

    assert (await applicant.ask()).status_code == 201


@SQLITE
async def test_a_token_is_kept_as_a_keyed_hash(house: House) -> None:
    token = await make_token(house)

    kept = await deeds.in_transaction(house, lambda session: session.query(InitialAccessToken.token_hash).scalar())

    assert token not in kept
    assert house.sealing.recognises(initial_access_tokens.PURPOSE, token, kept)


@with_registration(mode="open", per_address=3)
async def test_an_address_registers_so_many_in_an_hour(app: FastAPI, settings: Settings, applicant: Applicant) -> None:
    await applicant.refused(grant_types=["implicit"])  # counts for nothing
    answers = [await applicant.ask() for _ in range(4)]

    assert [one.status_code for one in answers] == [201, 201, 201, 429]
    assert answers[3].json()["error"] == "temporarily_unavailable"
    assert 3500 < int(answers[3].headers["retry-after"]) <= 3601
    elsewhere = httpx2.ASGITransport(app=app, client=("2001:db8::1", 4000))
    async with httpx2.AsyncClient(transport=elsewhere, base_url=settings.issuer) as http:
        assert (await Applicant(http).ask()).status_code == 201


@with_registration(mode="open", per_address=1000, max_clients=5)
async def test_there_are_never_more_than_so_many(applicant: Applicant) -> None:
    answers = await asyncio.gather(*[applicant.ask() for _ in range(12)])

    assert sorted(one.status_code for one in answers) == [201] * 5 + [503] * 7
    refused = next(one for one in answers if one.status_code == 503)
    assert refused.json()["error"] == "temporarily_unavailable"
    client = Registered(applicant.http, next(one.json() for one in answers if one.status_code == 201))
    await client.delete()
    assert (await applicant.ask()).status_code == 201  # only those that are there count


@with_registration(mode="open", scopes=("openid", "orders.read"))
@SQLITE
async def test_an_operator_says_which_scopes(applicant: Applicant) -> None:
    assert (await applicant.register()).told["scope"] == "openid orders.read"
    assert (await applicant.register(scope="orders.read")).told["scope"] == "orders.read"
    assert "profile" in (await applicant.refused(scope="openid profile"))[1]


OPEN = with_registration(mode="open", per_address=1000, unused_for="90d")


@OPEN
async def test_a_client_that_nobody_uses_goes_and_one_in_use_stays(
    applicant: Applicant, house: House, person: Person, held_clock: HeldClock
) -> None:
    unused, used = await applicant.register(), await applicant.register()
    held_clock.move(timedelta(days=60))
    party = used.relying_party()
    assert (await party.redeem((await person.approve(party)).code)).status == 200
    await house.database.run(house.registry.uses.write)
    held_clock.move(timedelta(days=31))

    removed = await house.database.run(house.clean_up)

    assert removed["unused_clients"] == 1
    assert (await unused.read()).status_code == 401
    assert (await used.read()).status_code == 200
    expired = [one.client_id for one in await deeds.events(house) if one.event == Event.CLIENT_EXPIRED]
    assert expired == [unused.client_id]


@OPEN
@SQLITE
async def test_clients_of_operators_never_expire(house: House, held_clock: HeldClock) -> None:
    before = await deeds.count(house, ClientRow)
    held_clock.move(timedelta(days=3650))

    await house.database.run(house.clean_up)

    assert await deeds.count(house, ClientRow) == before


@OPEN
async def test_a_use_is_written_once_a_day(applicant: Applicant, house: House, held_clock: HeldClock) -> None:
    client = await applicant.register()
    party = client.relying_party()

    async def written() -> int:
        await party.introspect("x")
        with deeds.statements(house) as seen:
            await house.database.run(house.registry.uses.write)
        return len(seen)

    first, second = await written(), await written()
    held_clock.move(timedelta(days=1))
    await house.database.run(house.registry.uses.write)  # as the server does every minute
    third = await written()

    assert (first, second, third) == (1, 0, 1)


@SQLITE
async def test_spent_and_expired_tokens_are_cleaned_up(
    http: httpx2.AsyncClient, house: House, held_clock: HeldClock
) -> None:
    await Applicant(http, await make_token(house)).register()
    await make_token(house, lasts_for=timedelta(hours=1))
    kept = await make_token(house, lasts_for=timedelta(days=2))
    held_clock.move(timedelta(days=1))

    removed = await house.database.run(house.clean_up)

    assert removed["initial_access_tokens"] == 2
    assert (await Applicant(http, kept).ask()).status_code == 201
