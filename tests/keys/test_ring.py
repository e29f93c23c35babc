"""The ring: which keys a node publishes, signs with and verifies with, and what it does without its master key."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from oidc_server.foundation import sealing
from oidc_server.foundation.clock import HeldClock
from oidc_server.foundation.errors import Misconfigured, Unavailable
from oidc_server.house import House
from oidc_server.keys.models import SigningKey
from oidc_server.settings.model import Settings
from tests.actors.relying_party import RelyingParty, header
from tests.oauth import deeds

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def published(house: House) -> list[str]:
    return [key["kid"] for key in json.loads(house.ring.published().body)["keys"]]


async def rotate(house: House, *, at_once: bool = False) -> str:
    kid = await house.database.run(lambda: house.rotation.rotate(at_once=at_once))
    await deeds.notice(house)
    return kid


async def signs(house: House) -> str:
    return (await house.database.run(house.ring.current)).kid


async def test_the_life_of_a_key_is_announced_signs_verifies_removed(house: House, held_clock: HeldClock) -> None:
    old = await signs(house)
    new = await rotate(house)
    assert (published(house), await signs(house)) == ([old, new], old)  # announced: caches get to know it

    held_clock.move(HOUR)
    assert (published(house), await signs(house)) == ([old, new], new)  # the other signs, the old one verifies
    held_clock.move(10 * MINUTE + HOUR - timedelta(seconds=1))
    assert published(house) == [old, new]

    held_clock.move(timedelta(seconds=1))  # the last token that the old one signed has expired, and then some
    assert published(house) == [new]  # Core §10.1.1
    assert house.ring.find(old) is None
    assert house.ring.find_ever(old) is not None  # an old ID token may still be a hint


async def test_a_token_is_verified_until_it_expires_whatever_happens_to_its_key(
    house: House, held_clock: HeldClock, machine: RelyingParty
) -> None:
    await rotate(house)
    held_clock.move(HOUR - timedelta(seconds=1))
    last_of_the_old = (await machine.ask("client_credentials")).access_token
    held_clock.move(10 * MINUTE)

    await house.database.run(house.rotation.turn)
    await deeds.notice(house)

    assert house.ring.find(header(last_of_the_old)["kid"]) is not None
    held_clock.move(-timedelta(seconds=1))
    assert (await machine.introspect(last_of_the_old))["active"]  # Core §10.1.1


async def test_the_document_changes_with_the_clock_without_asking_the_database(
    house: House, held_clock: HeldClock
) -> None:
    await rotate(house, at_once=True)
    before = house.ring.published()
    with deeds.statements(house) as seen:
        same = house.ring.published()
        held_clock.move(DAY)
        after = house.ring.published()

    assert seen == []
    assert same is before
    assert before.etag != after.etag
    assert len(json.loads(after.body)["keys"]) == 1


async def test_without_any_key_that_signs_the_answer_is_to_come_back(house: House) -> None:
    await deeds.in_transaction(house, lambda session: session.query(SigningKey).delete())
    house.ring._forget()

    with pytest.raises(Unavailable):
        await signs(house)


async def test_a_change_noticed_while_the_keys_are_being_read_is_not_lost(house: House) -> None:
    new = await rotate(house, at_once=True)
    forget: Callable[[], None] = house.ring._forget
    forget()

    def another_key_is_announced(_: object, __: object, statement: str, *rest: object) -> None:
        if "signing_keys" in statement:
            forget()  # what another request's look at the change counter does meanwhile

    engine = house.database.engine.sync_engine
    event.listen(engine, "after_cursor_execute", another_key_is_announced)
    await house.database.run(house.ring.refresh)
    event.remove(engine, "after_cursor_execute", another_key_is_announced)

    with deeds.statements(house) as seen:
        await house.database.run(house.ring.refresh)
    assert await signs(house) == new
    assert [statement for statement in seen if "signing_keys" in statement] != []


async def test_who_reads_slowly_does_not_bring_back_what_was(house: House) -> None:
    made: list[str] = []

    def rotate_and_read(_: object, __: object, statement: str, *rest: object) -> None:
        if "FROM signing_keys" in statement and not made:
            made.append("")  # what follows reads, too
            made[0] = house.rotation.rotate(at_once=True)
            house.follow_changes()

    house.ring._forget()
    engine = house.database.engine.sync_engine
    event.listen(engine, "after_cursor_execute", rotate_and_read)
    await house.database.run(house.ring.refresh)
    event.remove(engine, "after_cursor_execute", rotate_and_read)

    assert [await signs(house)] == made


async def _row(house: House) -> SigningKey:
    return await deeds.in_transaction(house, lambda session: session.query(SigningKey).one())


async def test_a_private_key_is_in_the_database_under_seal_only(house: House) -> None:
    row = await _row(house)
    assert row.sealed_private_key is not None
    private = json.loads(house.sealing.open("signing key", row.sealed_private_key, row.kid.encode()))

    for part in ("d", "p", "q", "dp", "dq", "qi"):
        assert private[part].encode() not in row.sealed_private_key
        assert part not in row.public_jwk


async def test_a_sealed_key_under_another_kid_does_not_open(house: House) -> None:
    row = await _row(house)
    assert row.sealed_private_key is not None

    with pytest.raises(ValueError, match="not sealed here"):
        house.sealing.open("signing key", row.sealed_private_key, b"another-kid")


async def check(settings: Settings) -> None:
    """What the server checks before it starts."""
    house = House(settings)
    try:
        await house.check()
    finally:
        await house.close()


def with_keys(settings: Settings, folder: Path, **changes: Any) -> Settings:
    return settings.model_copy(update={"keys": settings.keys.model_copy(update={"dir": folder}), **changes})


async def test_a_server_with_another_master_key_does_not_start(settings: Settings, tmp_path: Path) -> None:
    sealing.create(tmp_path / "other")

    with pytest.raises(Misconfigured, match="another master key"):
        await check(with_keys(settings, tmp_path / "other"))


async def test_a_server_without_its_master_key_does_not_start_and_makes_none(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match="missing"):
        await check(with_keys(settings, tmp_path / "nothing"))

    assert not (tmp_path / "nothing").exists()


async def test_a_server_whose_database_has_no_key_does_not_start(settings: Settings) -> None:
    house = House(settings)
    await deeds.in_transaction(house, lambda session: session.query(SigningKey).delete())
    await house.close()

    with pytest.raises(Misconfigured, match="no signing key"):
        await check(settings)
