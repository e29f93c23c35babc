"""Grants: made once, alive while everything they rest on is, and forgotten in time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from oidc_server.accounts.sign_in import PASSWORD
from oidc_server.consents import memory
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.sessions import ledger
from oidc_server.tokens import code as codes
from oidc_server.tokens import grants, revoking
from oidc_server.tokens.grants import Authentication, Granted, Request
from oidc_server.tokens.models import Grant, RevokedToken
from tests.oauth import deeds

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
KEPT_AFTER = 2 * HOUR
OFFLINE = frozenset({"openid", "offline_access"})


class Makes:
    """Makes Alice's grants for the shop, and looks at them."""

    def __init__(self, house: House, alice: UUID, clock: HeldClock) -> None:
        self.house, self.alice, self.clock = house, alice, clock

    async def grant(self, *, scopes: frozenset[str] = OFFLINE, refresh: bool = True, **others: Any) -> Granted | None:
        """A new one."""
        session_id = others.pop("session_id", None)
        expires_at = others.pop("session_expires_at", None)
        proof = Authentication(self.clock.at, "1", ("pwd",), session_id, expires_at)
        asked = Request("shop", scopes, with_refresh_token=refresh)
        lifetimes = self.house.settings.lifetime
        return await deeds.in_transaction(self.house, grants.make, lifetimes, self.alice, asked, proof, **others)

    async def session(self) -> UUID:
        """A session of hers."""
        started = await deeds.in_transaction(
            self.house, self.house.ledger.start, self.alice, PASSWORD, address="", user_agent=""
        )
        return UUID(str(started.id))

    async def has_ended(self, grant: Granted | None) -> bool:
        """Whether a grant is dead."""
        assert grant is not None
        found = await deeds.in_transaction(self.house, grants.read, grant.id)
        assert found is not None
        return found.has_ended

    async def cleaned_up(self) -> int:
        """How many grants are left after the clean-up."""
        await self.house.database.run(grants.remove_old, self.house.database)
        return await deeds.count(self.house, Grant)


@pytest.fixture
async def makes(house: House, held_clock: HeldClock) -> Makes:
    """Grants on demand."""
    return Makes(house, await deeds.user_id(house, "alice"), held_clock)


async def test_what_is_read_is_what_was_made(makes: Makes) -> None:
    made = await makes.grant()
    assert made is not None

    assert await deeds.in_transaction(makes.house, grants.read, made.id) == made


@pytest.mark.parametrize("scopes", [OFFLINE, frozenset({"openid"})])
async def test_a_session_that_has_ended_gets_no_grant(makes: Makes, scopes: frozenset[str]) -> None:
    session_id = await makes.session()
    assert await makes.grant(session_id=session_id, scopes=scopes) is not None
    await deeds.in_transaction(makes.house, ledger.end, session_id)

    assert await makes.grant(session_id=session_id, scopes=scopes) is None
    assert await makes.grant(session_id=uuid4(), scopes=scopes) is None


async def test_of_a_grant_and_the_end_of_its_session_at_once_nothing_lives(makes: Makes) -> None:
    def end(session: Session, session_id: UUID) -> None:
        assert ledger.end(session, session_id)
        grants.revoke_of_session(session, session_id)

    for _ in range(10):
        session_id = await makes.session()
        made = asyncio.gather(*(makes.grant(session_id=session_id, scopes=frozenset({"openid"})) for _ in range(5)))
        await asyncio.gather(made, deeds.in_transaction(makes.house, end, session_id))

        revoked = [await deeds.in_transaction(makes.house, _revoked_at, grant.id) for grant in await made if grant]
        assert None not in revoked


def _revoked_at(session: Session, grant_id: UUID) -> object:
    found = session.get(Grant, grant_id)
    assert found is not None
    return found.revoked_at


async def test_one_id_makes_one_grant(makes: Makes) -> None:
    one = uuid4()

    assert await makes.grant(grant_id=one) is not None
    assert await makes.grant(grant_id=one) is None


async def test_a_grant_that_nobody_made_is_none(makes: Makes) -> None:
    assert await deeds.in_transaction(makes.house, grants.read, uuid4()) is None


async def test_it_is_revoked_once(makes: Makes) -> None:
    made = await makes.grant()
    assert made is not None

    assert await deeds.in_transaction(makes.house, grants.revoke, made.id)
    assert not await deeds.in_transaction(makes.house, grants.revoke, made.id)
    assert await makes.has_ended(made)


async def test_one_that_rests_on_consent_dies_with_it_and_no_other(makes: Makes) -> None:
    await deeds.in_transaction(makes.house, memory.give, makes.alice, "shop", OFFLINE)
    resting, free = await makes.grant(rests_on_consent=True), await makes.grant()
    assert not await makes.has_ended(resting)

    await deeds.withdraw_consent(makes.house, "alice", "shop")

    assert (await makes.has_ended(resting), await makes.has_ended(free)) == (True, False)


async def test_without_refresh_tokens_it_lives_as_long_as_what_was_issued(makes: Makes) -> None:
    made = await makes.grant(refresh=False)
    makes.clock.move(10 * MINUTE)  # the access token's life, if the code is redeemed at once
    assert not await makes.has_ended(made)
    makes.clock.move(MINUTE)  # or at the last moment

    assert await makes.has_ended(made)


async def test_in_a_session_it_lives_no_longer_than_the_session(makes: Makes) -> None:
    session: dict[str, Any] = {"session_id": await makes.session(), "session_expires_at": makes.clock.at + HOUR}
    bound = await makes.grant(scopes=frozenset({"openid"}), **session)
    offline = await makes.grant(**session)
    makes.clock.move(HOUR)

    assert (await makes.has_ended(bound), await makes.has_ended(offline)) == (True, False)


async def test_a_session_ends_its_own_grants_but_offline_ones(makes: Makes) -> None:
    ours, other = await makes.session(), await makes.session()
    expires_at = makes.clock.at + DAY
    bound = await makes.grant(scopes=frozenset({"openid"}), session_id=ours, session_expires_at=expires_at)
    offline = await makes.grant(session_id=ours, session_expires_at=expires_at)
    elsewhere = await makes.grant(scopes=frozenset({"openid"}), session_id=other, session_expires_at=expires_at)

    assert await deeds.in_transaction(makes.house, grants.revoke_of_session, ours) == 1

    ended = [await makes.has_ended(one) for one in (bound, offline, elsewhere)]
    assert ended == [True, False, False]


async def test_a_user_s_grants_end_for_one_client_or_for_all(makes: Makes) -> None:
    made = await makes.grant()

    assert await deeds.in_transaction(makes.house, grants.revoke_of_user, makes.alice, "poster") == 0
    assert not await makes.has_ended(made)
    assert await deeds.in_transaction(makes.house, grants.revoke_of_user, makes.alice) == 1
    assert await makes.has_ended(made)


async def test_a_code_that_nobody_redeemed_is_forgotten_in_time(makes: Makes) -> None:
    await makes.grant()
    makes.clock.move(KEPT_AFTER)
    assert await makes.cleaned_up() == 1
    makes.clock.move(2 * MINUTE)

    assert await makes.cleaned_up() == 0


async def test_a_revoked_grant_is_kept_for_a_while_so_that_a_replay_still_meets_it(makes: Makes) -> None:
    made = await makes.grant(with_code=False)
    assert made is not None
    await deeds.in_transaction(makes.house, grants.revoke, made.id)
    makes.clock.move(KEPT_AFTER)
    assert await makes.cleaned_up() == 1
    makes.clock.move(MINUTE)

    assert await makes.cleaned_up() == 0


async def test_a_grant_in_use_is_never_forgotten(makes: Makes) -> None:
    made = await makes.grant()
    assert made is not None
    await makes.house.database.run(_spend, makes.house, made.id)
    makes.clock.move(29 * DAY)

    assert await makes.cleaned_up() == 1
    assert not await makes.has_ended(made)


async def test_an_idle_grant_and_an_expired_one_are_forgotten(makes: Makes) -> None:
    await makes.grant(with_code=False)
    makes.clock.move(30 * DAY + KEPT_AFTER + MINUTE)

    assert await makes.cleaned_up() == 0


async def test_the_clean_up_takes_thousands_in_batches(makes: Makes) -> None:
    gone = makes.clock.at - HOUR

    def fill(session: Session) -> None:
        session.add_all(RevokedToken(jti=f"jti-{number}", expires_at=gone) for number in range(2500))
        session.add(RevokedToken(jti="alive", expires_at=makes.clock.at + HOUR))

    await deeds.in_transaction(makes.house, fill)

    assert await makes.house.database.run(revoking.remove_old, makes.house.database) == 2500
    assert await deeds.count(makes.house, RevokedToken) == 1


async def test_a_grant_whose_user_is_deleted_goes_with_them(makes: Makes) -> None:
    await makes.grant()

    def delete(session: Session) -> None:
        session.execute(update(Grant).values(revoked_at=None))
        session.connection().exec_driver_sql("DELETE FROM users WHERE username = 'alice'")

    await deeds.in_transaction(makes.house, delete)

    assert await deeds.count(makes.house, Grant) == 0


def _spend(house: House, grant_id: UUID) -> None:
    with house.database.autocommit() as connection:
        assert codes.spend(connection, grant_id)
        assert not codes.spend(connection, grant_id)
