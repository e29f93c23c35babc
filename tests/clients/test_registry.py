"""The registry: clients in memory, dropped when something changes."""

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oidc_server.clients import registry
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.models import ClientRow
from oidc_server.clients.registry import Client
from oidc_server.house import House
from tests.factories import add_client, client
from tests.oauth import deeds


async def find(house: House, client_id: str) -> Client | None:
    return await house.database.run(house.registry.find, client_id)


async def test_a_client_is_read_once(house: House) -> None:
    with deeds.statements(house) as seen:
        found = [await find(house, "shop") for _ in range(5)]

    assert found[0] is not None
    assert all(one is found[0] for one in found)
    assert len(seen) == 2  # the client, its secrets


async def test_an_unknown_client_is_looked_for_once(house: House) -> None:
    with deeds.statements(house) as seen:
        found = [await find(house, "nobody") for _ in range(5)]

    assert found == [None] * 5
    assert len(seen) == 1


@pytest.mark.parametrize("client_id", ["", "x" * 256, "x" * 100_000])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_an_impossible_id_asks_nobody(house: House, client_id: str) -> None:
    with deeds.statements(house) as seen:
        assert await find(house, client_id) is None

    assert seen == []


async def test_a_new_client_is_found_although_it_was_looked_for_before(house: House) -> None:
    assert await find(house, "new") is None
    await add_client(house, **client("new"))
    await deeds.notice(house)

    assert await find(house, "new") is not None


async def test_a_change_is_seen(house: House) -> None:
    before = await find(house, "shop")
    await deeds.change_client(house, "shop", client_name="Shop & Sons")
    after = await find(house, "shop")

    assert before is not None
    assert after is not None
    assert (before.name, after.name) == ("Shop", "Shop & Sons")


async def test_a_disabled_client_is_not_found_and_is_kept(house: House) -> None:
    await deeds.disable_client(house, "shop")

    assert await find(house, "shop") is None
    rows = {row.client_id: row for row in await deeds.in_transaction(house, registry.list_all)}
    assert rows["shop"].disabled_at is not None


async def test_disabling_twice_changes_nothing(house: House) -> None:
    assert await deeds.in_transaction(house, registry.disable, "shop")
    assert not await deeds.in_transaction(house, registry.disable, "shop")
    assert not await deeds.in_transaction(house, registry.disable, "nobody")


async def test_an_id_is_given_once(house: House) -> None:
    metadata = ClientMetadata(redirect_uris=("https://shop.example.com/callback",))

    with pytest.raises(IntegrityError):
        await deeds.in_transaction(house, registry.add, "shop", metadata)


async def test_a_client_is_itself_in_every_letter(house: House) -> None:
    assert await find(house, "SHOP") is None
    assert await find(house, "shop ") is None


async def test_what_an_older_release_accepted_does_not_lock_a_client_out(house: House) -> None:
    metadata = ClientMetadata.model_construct(redirect_uris=("myapp:/callback",), grant_types=("authorization_code",))
    await deeds.in_transaction(house, registry.add, "old", metadata)

    found = await find(house, "old")

    assert found is not None
    assert found.may_return_to("myapp:/callback")


async def test_what_a_newer_release_wrote_does_not_lock_a_client_out(house: House) -> None:
    def write(session: Session) -> None:
        row = session.get_one(ClientRow, "shop")
        row.registration = {**row.registration, "jwks_uri": "https://shop.example.com/jwks", "new_member": [1, 2]}

    await deeds.in_transaction(house, write)

    found = await find(house, "shop")
    assert found is not None
    assert found.may_return_to("https://shop.example.com/callback")


async def has_origin(house: House, origin: str) -> bool:
    return await house.database.run(house.registry.has_origin, origin)


async def test_origins_are_those_of_enabled_clients_redirect_uris(house: House) -> None:
    assert await has_origin(house, "https://spa.example.com")
    assert await has_origin(house, "http://127.0.0.1")
    for foreign in ("https://thief.example.com", "null", "", "com.example.cli", "x" * 300):
        assert not await has_origin(house, foreign)


async def test_an_origin_goes_with_the_uri_that_it_stood_on(house: House) -> None:
    await deeds.change_client(house, "shop", redirect_uris=["https://new.example.com/callback"])

    assert await has_origin(house, "https://new.example.com")
    assert not await has_origin(house, "https://shop.example.com")


async def test_an_origin_of_two_clients_stays_while_one_of_them_is_enabled(house: House) -> None:
    await add_client(house, **client("twin", redirect_uris=["https://shop.example.com/twin"]))
    await deeds.disable_client(house, "shop")
    assert await has_origin(house, "https://shop.example.com")
    await deeds.disable_client(house, "twin")

    assert not await has_origin(house, "https://shop.example.com")
