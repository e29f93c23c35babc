"""The codes of authenticator apps: each good once, for a minute and a half, and not to be guessed."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from oidc_server.accounts import totp
from oidc_server.accounts.models import Authenticator
from oidc_server.accounts.second_factors import WrongCode
from oidc_server.accounts.sign_in import TooManyAttempts
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from tests.accounts.deeds import in_transaction, user
from tests.accounts.factor_deeds import give_authenticator, give_recovery_codes

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_the_specification(seconds: int, code: str) -> None:
    assert totp.code_at(b"12345678901234567890", seconds) == code  # RFC 6238 §B


async def check(house: House, code: str, name: str = "alice") -> bool:
    owner = await user(house, name)
    try:
        await house.database.run(house.second_factors.check_code, owner.id, code)
    except WrongCode:
        return False
    return True


async def test_a_code_works_once(house: House, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)

    assert await check(house, phone.code())
    assert not await check(house, phone.code())  # RFC 6238 §5.2
    held_clock.move(timedelta(seconds=30))
    assert await check(house, phone.code())


@pytest.mark.parametrize(("later", "expected"), [(-60, False), (0, True), (30, True), (60, False)])
@on_one_database
async def test_a_clock_may_be_off_by_half_a_minute(
    house: House, held_clock: HeldClock, later: int, expected: bool
) -> None:
    phone = await give_authenticator(house)

    assert await check(house, phone.code(later=later)) is expected  # RFC 6238 §6


@on_one_database
async def test_a_code_older_than_the_last_one_used_is_worth_nothing(house: House, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)
    held_clock.move(timedelta(seconds=60))

    assert await check(house, phone.code(later=30))
    assert not await check(house, phone.code())


async def test_of_fifty_at_once_with_one_code_one_gets_in(house: House, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)
    owner = await user(house, "alice")

    def spend() -> bool:
        with house.database.transaction() as session:
            return totp.spend(session, house.sealing, owner.id, phone.code())

    won = await asyncio.gather(*(house.database.run(spend) for _ in range(50)))

    assert won.count(True) == 1


@on_one_database
async def test_wrong_codes_of_all_kinds_share_one_count(house: House, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)
    codes = await give_recovery_codes(house)
    for wrong in ("000000", "ABCDE-FGHJK", "", "x" * 10_000, "\uff11\uff12\uff13\uff14\uff15\uff16"):
        assert not await check(house, wrong)

    for right in (phone.code(), codes[0]):
        with pytest.raises(TooManyAttempts):
            await check(house, right)


@on_one_database
async def test_of_fifty_guesses_at_once_no_more_than_the_limit_are_looked_at(house: House) -> None:
    await give_authenticator(house)

    async def guess(number: int) -> str:
        try:
            return "right" if await check(house, f"{number:06}") else "wrong"
        except TooManyAttempts:
            return "held up"

    told = await asyncio.gather(*(guess(number) for number in range(50)))

    assert told.count("held up") >= 45


@on_one_database
async def test_a_right_code_forgets_the_failures(house: House, held_clock: HeldClock) -> None:
    phone = await give_authenticator(house)
    for _ in range(3):
        for _ in range(4):
            assert not await check(house, "000000")
        held_clock.move(timedelta(seconds=30))
        assert await check(house, phone.code())


async def test_the_secret_is_sealed_for_its_row(house: House) -> None:
    phone = await give_authenticator(house)
    bobs = await give_authenticator(house, "bob")

    def swap(session: object) -> None:
        rows = list(session.scalars(select(Authenticator)))  # type: ignore[attr-defined]
        assert all(secret not in row.sealed_secret for row in rows for secret in (phone.secret, bobs.secret))
        rows[0].sealed_secret, rows[1].sealed_secret = rows[1].sealed_secret, rows[0].sealed_secret

    await in_transaction(house, swap)

    with pytest.raises(ValueError, match="not sealed"):
        await check(house, bobs.code())


@on_one_database
async def test_a_draft_is_worth_something_to_its_owner_only(house: House) -> None:
    alice, bob = await user(house, "alice"), await user(house, "bob")
    secret = totp.new_secret()
    draft = totp.draft(house.sealing, alice.id, secret)

    assert totp.drafted(house.sealing, alice.id, draft) == secret
    with pytest.raises(ValueError, match="not sealed"):
        totp.drafted(house.sealing, bob.id, draft)
