"""A device begins: what it is told, and who is told nothing (RFC 8628 §3.1, §3.2)."""

import re
from datetime import timedelta

import httpx2
import pytest

from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.tokens.models import DeviceRequest
from tests.actors.device import Device
from tests.actors.relying_party import RelyingParty
from tests.conftest import ISSUER
from tests.factories import DEVICE_CODE, add_client, client, secret_of
from tests.oauth import deeds


async def test_the_answer_is_complete_and_no_cache_keeps_it(device: Device) -> None:
    response = await device.ask()
    body = response.json()

    assert set(body) == {
        "device_code",
        "user_code",
        "verification_uri",
        "verification_uri_complete",
        "expires_in",
        "interval",
    }
    assert body["verification_uri"] == f"{ISSUER}/device"  # RFC 8628 §3.2
    assert body["verification_uri_complete"] == f"{ISSUER}/device?user_code={body['user_code']}"
    assert (body["expires_in"], body["interval"]) == (600, 5)
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", body["user_code"])
    assert len(body["device_code"]) >= 43  # RFC 8628 §5.2: nobody guesses it
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"


async def test_neither_code_is_stored_in_the_clear(device: Device, house: House) -> None:
    begun = await device.begin()

    row = await deeds.in_transaction(house, lambda session: session.query(DeviceRequest).one())

    kept = " ".join(str(getattr(row, column.key)) for column in DeviceRequest.__table__.columns)
    assert begun.device_code not in kept
    assert begun.user_code not in kept
    assert begun.user_code.replace("-", "") not in kept


async def test_every_device_gets_codes_of_its_own(device: Device) -> None:
    begun = [await device.begin() for _ in range(20)]

    assert len({one.device_code for one in begun}) == 20
    assert len({one.user_code for one in begun}) == 20


@pytest.mark.parametrize("auth", ["basic", "post"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_confidential_client_authenticates_as_at_the_token_endpoint(
    http: httpx2.AsyncClient, house: House, auth: str
) -> None:
    method = f"client_secret_{auth}"
    await add_client(house, **client("box", grant_types=[DEVICE_CODE], token_endpoint_auth_method=method))

    assert (await Device(RelyingParty(http, "box", auth=auth)).begin()).user_code
    for data in ({"client_id": "box"}, {"client_id": "box", "client_secret": "wrong"}, {}):
        refused = await http.post("/device_authorization", data={"scope": "openid", **data})
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")  # RFC 8628 §3.1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_disabled_client_begins_nothing(device: Device, house: House) -> None:
    await deeds.disable_client(house, "tv")

    assert (await device.ask()).json()["error"] == "invalid_client"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_client_that_is_not_registered_for_it_is_refused(relying_party: RelyingParty) -> None:
    response = await relying_party.post("/device_authorization", scope="openid")

    assert (response.status_code, response.json()["error"]) == (400, "unauthorized_client")  # RFC 6749 §5.2


@pytest.mark.parametrize(
    ("scope", "error"),
    [
        (None, "invalid_scope"),  # as at /authorize
        ("nothing-known", "invalid_scope"),
        ("openid  profile", "invalid_scope"),
        ('openid "', "invalid_scope"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_scopes_are_checked_as_for_a_person(device: Device, scope: str | None, error: str) -> None:
    response = await device.ask(scope=scope)

    assert (response.status_code, response.json()["error"]) == (400, error)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_scope_that_the_client_is_not_registered_for_is_refused(device: Device, house: House) -> None:
    await deeds.change_client(
        house, "tv", token_endpoint_auth_method="none", client_secret=None, scope="openid", grant_types=[DEVICE_CODE]
    )

    assert (await device.ask(scope="openid orders.read")).json()["error"] == "invalid_scope"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_request_that_cannot_be_read_is_told_so_in_json(http: httpx2.AsyncClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    twice = await http.post("/device_authorization", content="client_id=tv&scope=openid&scope=email", headers=form)
    as_json = await http.post("/device_authorization", json={"client_id": "tv"})
    by_get = await http.get("/device_authorization", params={"client_id": "tv"})

    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")
    assert by_get.status_code == 405  # RFC 8628 §3.1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_client_is_not_told_apart_by_two_credentials(http: httpx2.AsyncClient) -> None:
    data = {"client_id": "shop", "client_secret": secret_of("shop"), "scope": "openid"}

    response = await http.post("/device_authorization", data=data, auth=("shop", secret_of("shop")))

    assert response.json()["error"] == "invalid_request"  # RFC 6749 §2.3


async def test_what_is_over_is_forgotten(device: Device, house: House, held_clock: HeldClock) -> None:
    await device.begin()
    held_clock.move(timedelta(minutes=10))
    await house.database.run(house.clean_up)
    assert await deeds.count(house, DeviceRequest) == 1

    held_clock.move(timedelta(seconds=1))
    removed = await house.database.run(house.clean_up)

    assert removed["device_requests"] == 1
    assert await deeds.count(house, DeviceRequest) == 0
