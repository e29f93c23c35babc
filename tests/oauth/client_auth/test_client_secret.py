"""client_secret_basic and client_secret_post: secrets that are replaced while clients use them."""

from datetime import timedelta

import httpx2
import pytest

from oidc_server.clients import client_secrets
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.factories import secret_of
from tests.oauth import deeds

OVERLAP = timedelta(hours=2)


async def accepts(http: httpx2.AsyncClient, secret: str) -> bool:
    """Whether the shop may introspect with this secret."""
    response = await http.post("/introspect", data={"token": "junk"}, auth=("shop", secret))
    assert response.status_code in {200, 401}
    return response.status_code == 200


async def rotate(house: House, keep_old_for: timedelta) -> str:
    secret = await deeds.in_transaction(house, client_secrets.rotate, house.sealing, "shop", keep_old_for=keep_old_for)
    await deeds.notice(house)
    return secret


async def test_while_a_secret_is_replaced_the_old_and_the_new_one_work(
    http: httpx2.AsyncClient, house: House, held_clock: HeldClock
) -> None:
    new = await rotate(house, OVERLAP)
    held_clock.move(OVERLAP - timedelta(seconds=1))

    assert await accepts(http, new)
    assert await accepts(http, secret_of("shop"))


async def test_after_the_overlap_only_the_new_secret_works(
    http: httpx2.AsyncClient, house: House, held_clock: HeldClock
) -> None:
    new = await rotate(house, OVERLAP)
    held_clock.move(OVERLAP)

    assert await accepts(http, new)
    assert not await accepts(http, secret_of("shop"))


async def test_a_second_rotation_never_prolongs_an_older_secret(
    http: httpx2.AsyncClient, house: House, held_clock: HeldClock
) -> None:
    await rotate(house, OVERLAP)
    held_clock.move(OVERLAP / 2)
    await rotate(house, OVERLAP)
    held_clock.move(OVERLAP / 2)

    assert not await accepts(http, secret_of("shop"))


async def test_without_an_overlap_the_old_secret_dies_at_once(http: httpx2.AsyncClient, house: House) -> None:
    new = await rotate(house, timedelta())

    assert await accepts(http, new)
    assert not await accepts(http, secret_of("shop"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_secret_of_one_client_is_none_of_another(http: httpx2.AsyncClient, house: House) -> None:
    assert not await accepts(http, secret_of("api"))
