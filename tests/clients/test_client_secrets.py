"""Client secrets: kept as keyed hashes, each bound to its client."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.clients import client_secrets
from oidc_server.clients.client_secrets import SAMPLES, StoredSecret
from oidc_server.clients.models import ClientSecret
from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.sealing import Sealing
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests.conftest import Template, make_settings
from tests.factories import add_client, client, secret_of
from tests.oauth import deeds

SEALING = Sealing({1: b"m" * 32})
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def kept(client_id: str, secret: str, sealing: Sealing = SEALING) -> StoredSecret:
    return StoredSecret(sealing.fingerprint(client_secrets.PURPOSE, f"{client_id}\0{secret}"), None)


@given(secret=TEXT, other=TEXT)
def test_a_secret_matches_itself_only(secret: str, other: str) -> None:
    stored = [kept("shop", secret)]

    assert client_secrets.matches(SEALING, "shop", secret, stored)
    assert client_secrets.matches(SEALING, "shop", other, stored) == (other == secret)


def test_a_client_without_a_secret_matches_nothing() -> None:
    assert not client_secrets.matches(SEALING, "shop", "", [])


def test_any_of_several_live_secrets_matches() -> None:
    stored = [kept("shop", "one"), kept("shop", "two")]

    assert all(client_secrets.matches(SEALING, "shop", secret, stored) for secret in ("one", "two"))


def test_two_clients_with_one_secret_have_different_hashes() -> None:
    assert kept("shop", "same") != kept("bank", "same")
    assert not client_secrets.matches(SEALING, "bank", "same", [kept("shop", "same")])


def test_an_expired_secret_matches_nothing(held_clock: HeldClock) -> None:
    stored = [StoredSecret(kept("shop", "old").secret_hash, held_clock.at)]

    assert not client_secrets.matches(SEALING, "shop", "old", stored)


def test_a_hash_is_worthless_under_another_master_key() -> None:
    assert not client_secrets.matches(Sealing({1: b"x" * 32}), "shop", "secret", [kept("shop", "secret")])


async def test_a_secret_is_never_kept_in_the_clear(house: House) -> None:
    rows = await deeds.in_transaction(house, lambda session: session.query(ClientSecret).all())

    assert rows
    assert not any(secret_of(row.client_id) in row.secret_hash for row in rows)


async def test_secrets_of_our_own_making_can_t_be_guessed(house: House) -> None:
    made = {await deeds.in_transaction(house, client_secrets.add, house.sealing, "shop") for _ in range(3)}

    assert len(made) == 3
    assert all(len(secret) >= 43 for secret in made)  # 256 bits


async def test_secrets_that_no_longer_work_are_forgotten(house: House, held_clock: HeldClock) -> None:
    before = await deeds.count(house, ClientSecret)
    overlap = timedelta(hours=1)
    await deeds.in_transaction(house, client_secrets.rotate, house.sealing, "shop", keep_old_for=overlap)
    held_clock.move(overlap + timedelta(seconds=1))

    await house.database.run(house.clean_up)

    assert await deeds.count(house, ClientSecret) == before


async def test_outside_development_a_sample_secret_stops_the_server(
    house: House, settings: Settings, template: Template
) -> None:
    await add_client(house, **client("careless", client_secret=SAMPLES[0]))
    url = settings.database.url.get_secret_value()
    production = House(make_settings(url, template.keys, development=False, password={"bcrypt_rounds": 10}))

    with pytest.raises(Misconfigured, match="careless"):
        await production.check()
    await production.close()
