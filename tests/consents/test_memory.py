"""The memory of consents: given, extended, recalled, withdrawn, also by many at once."""

import asyncio
from datetime import timedelta

import httpx2
from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.consents import memory
from oidc_server.consents.models import Consent
from oidc_server.foundation.clock import HeldClock
from oidc_server.house import House
from oidc_server.tokens import revoking
from tests.accounts import deeds
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty
from tests.actors.resource_server import ResourceServer


async def give(house: House, *scopes: str, to: str = "shop", by: str = "alice") -> None:
    """Somebody allows a client these scopes."""
    user = await deeds.user(house, by)
    await deeds.in_transaction(house, memory.give, user.id, to, set(scopes))


async def recall(house: House, of: str = "shop", by: str = "alice") -> set[str]:
    """What somebody has allowed a client."""
    user = await deeds.user(house, by)
    return set(await deeds.in_transaction(house, memory.recall, user.id, of))


async def withdraw(house: House, of: str = "shop", by: str = "alice") -> bool:
    """Somebody withdraws what they allowed a client."""
    user = await deeds.user(house, by)
    return await deeds.in_transaction(house, revoking.withdraw_consent, user.id, of)


async def test_what_was_given_is_recalled_for_this_person_and_client_only(house: House) -> None:
    assert await recall(house) == set()

    await give(house, "openid", "email")

    assert await recall(house) == {"openid", "email"}
    assert await recall(house, of="spa") == set()
    assert await recall(house, by="bob") == set()


async def test_giving_more_extends_and_giving_less_takes_nothing_away(house: House, held_clock: HeldClock) -> None:
    await give(house, "openid", "email")
    held_clock.move(timedelta(days=1))

    await give(house, "openid", "orders.read")
    await give(house, "openid")

    assert await recall(house) == {"openid", "email", "orders.read"}
    given_at = await deeds.in_transaction(house, lambda session: session.scalar(select(Consent.given_at)))
    assert given_at == held_clock.at


async def test_withdrawing_forgets_once(house: House) -> None:
    await give(house, "openid")
    await give(house, "openid", to="spa")

    assert [await withdraw(house) for _ in range(2)] == [True, False]

    assert await recall(house) == set()
    assert await recall(house, of="spa") == {"openid"}


async def test_of_what_many_give_at_once_nothing_is_lost(house: House) -> None:
    scopes = [f"scope{number}" for number in range(20)]

    await asyncio.gather(*(give(house, "openid", scope) for scope in scopes))

    assert await recall(house) == {"openid", *scopes}


async def test_giving_and_withdrawing_at_once_never_fails(house: House) -> None:
    for _ in range(5):
        await give(house, "openid")
        deeds_at_once = [give(house, "email") if number % 2 else withdraw(house) for number in range(20)]

        await asyncio.gather(*deeds_at_once)

        assert await recall(house) <= {"openid", "email"}


async def test_withdrawing_kills_what_rests_on_it(
    person: Person, relying_party: RelyingParty, spa: RelyingParty, resource_server: ResourceServer, house: House
) -> None:
    scope = "openid offline_access orders.read"
    tokens = await relying_party.redeem((await person.approve(relying_party, scope=scope)).code)
    unspent = (await person.approve(relying_party, scope=scope)).code
    others = await spa.redeem((await person.approve(spa)).code)

    await withdraw(house)

    assert not await resource_server.accepts(tokens.access_token)
    assert (await relying_party.introspect(tokens.refresh_token))["active"] is False
    assert (await relying_party.userinfo(tokens.access_token)).status_code == 401
    assert (await relying_party.refresh(tokens.refresh_token)).error == "invalid_grant"
    assert (await relying_party.redeem(unspent)).error == "invalid_grant"
    assert (await person.visit(relying_party, scope=scope)).path == "/consent"
    assert (await spa.refresh(others.refresh_token)).status == 200


async def test_what_a_withdrawal_has_killed_stays_dead(
    person: Person, relying_party: RelyingParty, resource_server: ResourceServer, house: House
) -> None:
    """Somebody withdraws because a token was stolen, and allows the same client again a week later."""
    scope = "openid offline_access orders.read"
    stolen = await relying_party.redeem((await person.approve(relying_party, scope=scope)).code)
    await withdraw(house)

    await person.approve(relying_party, scope="openid")

    assert not await resource_server.accepts(stolen.access_token)
    assert (await relying_party.refresh(stolen.refresh_token)).error == "invalid_grant"
    assert (await relying_party.userinfo(stolen.access_token)).status_code == 401


async def test_a_first_party_grant_rests_on_no_consent(person: Person, http: httpx2.AsyncClient, house: House) -> None:
    party = RelyingParty(http, "first-party")
    tokens = await party.redeem((await person.approve(party)).code)
    assert await recall(house, of="first-party") == set()

    assert await withdraw(house, of="first-party") is False

    assert (await party.refresh(tokens.refresh_token)).status == 200


async def test_a_consent_goes_with_its_person(house: House) -> None:
    await give(house, "openid", by="bob")
    bob = await deeds.user(house, "bob")

    def remove(session: Session) -> int:
        session.delete(session.merge(bob))
        session.flush()
        return len(list(session.scalars(select(Consent))))

    assert await deeds.in_transaction(house, remove) == 0
