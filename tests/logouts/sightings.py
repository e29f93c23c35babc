"""What tests of logouts do and see: tokens of a sign-in, the outbox, the audit trail and the metrics."""

from prometheus_client import REGISTRY
from sqlalchemy import select

from oidc_server.house import House
from oidc_server.logouts.models import LogoutDelivery
from tests.actors.person import Person
from tests.actors.relying_party import RelyingParty, Tokens
from tests.oauth import deeds


async def tokens_of(person: Person, party: RelyingParty, **changes: str | None) -> Tokens:
    """Sign in with a client, all the way."""
    return await party.redeem((await person.approve(party, **changes)).code)


async def outcomes(house: House) -> list[str]:
    """What the audit trail says of deliveries."""
    found = await deeds.events(house)
    return [event.event.removeprefix("server:logout:") for event in found if event.event.startswith("server:logout:")]


def counted(outcome: str) -> float:
    """What the metrics say of tries that ended like this."""
    return REGISTRY.get_sample_value("oidc_logout_deliveries_total", {"outcome": outcome}) or 0


async def rows(house: House) -> list[LogoutDelivery]:
    """The outbox."""
    return await deeds.in_transaction(house, lambda session: list(session.scalars(select(LogoutDelivery))))
