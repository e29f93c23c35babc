"""Resource servers: which scopes are whose."""

import pytest

from oidc_server.clients import resources
from oidc_server.clients.resources import Resource, Resources
from oidc_server.house import House
from tests.factories import API
from tests.oauth import deeds

STOCK = "https://stock.example.com"


async def put(house: House, resource: str, scopes: dict[str, str], client_id: str | None = None) -> None:
    await deeds.in_transaction(house, resources.put, Resource(resource, scopes, client_id))
    await deeds.notice(house)


async def known(house: House) -> Resources:
    return await house.database.run(house.resources.all)


async def test_a_resource_is_known_with_its_scopes_words_and_client(house: House) -> None:
    await put(house, STOCK, {"stock.read": "See the stock", "stock.write": ""}, "machine")

    found = await known(house)

    assert found.of_scope == {
        "orders.read": API,
        "orders.write": API,
        "stock.read": STOCK,
        "stock.write": STOCK,
    }
    assert found.words == {"orders.read": "See your orders", "stock.read": "See the stock"}
    assert found.askers == {API: "api", STOCK: "machine"}


async def test_an_audience_is_each_resource_once_in_order(house: House) -> None:
    await put(house, STOCK, {"stock.read": ""})
    found = await known(house)

    assert found.audience({"stock.read", "orders.read", "orders.write", "openid", "unheard-of"}) == [API, STOCK]
    assert found.audience(set()) == []


async def test_they_are_read_once(house: House) -> None:
    with deeds.statements(house) as seen:
        assert len({id(await known(house)) for _ in range(5)}) == 1

    assert len(seen) == 1


async def test_a_scope_belongs_to_one_resource(house: House) -> None:
    with pytest.raises(ValueError, match=r"orders\.read.*belongs"):
        await put(house, STOCK, {"orders.read": ""})


@pytest.mark.parametrize("scope", ["openid", "profile", "offline_access"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_openid_connect_s_own_scopes_belong_to_nobody(house: House, scope: str) -> None:
    with pytest.raises(ValueError, match="own"):
        await put(house, STOCK, {scope: ""})


async def test_a_scope_taken_away_is_gone(house: House) -> None:
    await put(house, API, {"orders.read": ""}, "api")

    assert (await known(house)).scopes == {"orders.read"}


async def test_every_resource_is_listed(house: House) -> None:
    await put(house, STOCK, {"stock.read": ""})

    assert [row.resource for row in await deeds.in_transaction(house, resources.list_all)] == [API, STOCK]
