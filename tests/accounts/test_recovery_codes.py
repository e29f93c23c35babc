"""Recovery codes: ten, each once, and nothing to be learnt from the database."""

import asyncio

import pytest
from sqlalchemy import select

from oidc_server.accounts import recovery_codes
from oidc_server.accounts.models import RecoveryCode
from oidc_server.house import House
from tests.accounts.deeds import in_transaction, user
from tests.accounts.factor_deeds import give_recovery_codes

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def spend(house: House, code: str, name: str = "alice") -> bool:
    owner = await user(house, name)
    return await in_transaction(house, recovery_codes.spend, house.sealing, owner.id, code)


async def test_there_are_ten_and_each_works_once(house: House) -> None:
    codes = await give_recovery_codes(house)

    assert len(set(codes)) == 10
    assert [await spend(house, code) for code in codes] == [True] * 10
    assert [await spend(house, code) for code in codes] == [False] * 10


async def test_of_fifty_at_once_with_one_code_one_gets_in(house: House) -> None:
    code = (await give_recovery_codes(house))[0]

    won = await asyncio.gather(*(spend(house, code) for _ in range(50)))

    assert won.count(True) == 1


@on_one_database
async def test_a_code_is_recognised_however_it_is_typed(house: House) -> None:
    first, second, third, *_ = await give_recovery_codes(house)

    assert await spend(house, first.lower())
    assert await spend(house, second.replace("-", ""))
    assert await spend(house, f" {third.replace('-', ' ')} ")


async def test_a_code_is_its_owners_only(house: House) -> None:
    code = (await give_recovery_codes(house))[0]
    await give_recovery_codes(house, "bob")

    assert not await spend(house, code, "bob")
    assert await spend(house, code)


async def test_new_codes_replace_the_old_ones(house: House) -> None:
    old = await give_recovery_codes(house)
    new = await give_recovery_codes(house)

    assert not await spend(house, old[0])
    assert await spend(house, new[0])


@on_one_database
async def test_the_database_holds_no_code(house: House) -> None:
    codes = await give_recovery_codes(house)

    def read(session: object) -> str:
        return " ".join(session.scalars(select(RecoveryCode.code_hash)))  # type: ignore[attr-defined]

    kept = await in_transaction(house, read)
    assert not [code for code in codes if code.replace("-", "") in kept]
