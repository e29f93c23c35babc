"""`oidc-server tokens`: end what was issued."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import typer
from sqlalchemy.orm import Session

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.cli import reach, whom
from oidc_server.clients import registry
from oidc_server.foundation import clock
from oidc_server.house import House
from oidc_server.tokens import grants

app = typer.Typer(no_args_is_help=True)


@dataclass(frozen=True)
class Ended:
    """What a command has ended."""

    grants: int
    new_ones_from: datetime | None = None
    """From when on the client gets for itself what counts, where what it had was ended."""

    def __str__(self) -> str:
        told = f"{self.grants} grant{'' if self.grants == 1 else 's'}"
        return told if self.new_ones_from is None else f"{told}, and what the client got for itself"


@app.callback()
def tokens() -> None:
    """Without a second command, typer would let this one go without its name."""


@app.command()
def revoke(
    user: str | None = typer.Option(None, help="Whatever was issued about this person; their sessions go on."),
    client: str | None = typer.Option(None, help="Whatever was issued to this client, and what it got for itself."),
    grant: str | None = typer.Option(None, help="What rests on this one grant: the grant_id of a token or an event."),
) -> None:
    """Revoke refresh tokens, codes and access tokens; --user and --client together mean those of both.

    A resource server that checks access tokens by itself believes them until they expire. The client stays enabled: what
    it gets once this command is done counts.
    """
    if (grant is None) == (user is None and client is None):
        reach.fail("Name a --user or a --client or both, or a --grant.")

    async def work(house: House) -> Ended:
        ended = await house.database.run(_revoke, house, user, client, grant)
        if ended.new_ones_from is not None:
            # Tokens tell the second they are from: until it is over, new ones couldn't be told from those that are dead.
            await asyncio.sleep(max(timedelta(), ended.new_ones_from - clock.now()).total_seconds())
        return ended

    reach.out.print(f"Revoked {reach.with_house(work)}.")


def _revoke(house: House, username: str | None, client_id: str | None, grant: str | None) -> Ended:
    with house.database.transaction() as session:
        if grant is not None:
            return Ended(_revoke_one(session, grant))
        user = whom.find(session, username) if username is not None else None
        if user is not None:
            ended = Ended(grants.revoke_of_user(session, user.id, client_id))
        else:
            ended = _revoke_of_client(session, client_id or "")
        user_id = user.id if user else None
        trail.record(session, Event.GRANTS_REVOKED, user_id=user_id, client_id=client_id, count=ended.grants)
        return ended


def _revoke_of_client(session: Session, client_id: str) -> Ended:
    new_ones_from = registry.end_own_tokens(session, client_id)
    if new_ones_from is None:
        reach.fail(f"There is no client {client_id!r}.")
    return Ended(grants.revoke_of_client(session, client_id), new_ones_from)


def _revoke_one(session: Session, text: str) -> int:
    try:
        grant_id = UUID(text)
    except ValueError:
        reach.fail(f"Received --grant {text!r}, expected the id of a grant.")
    known = grants.read(session, grant_id)
    if known is None or not grants.revoke(session, grant_id):
        return 0
    trail.record(session, Event.GRANTS_REVOKED, **known.ids, count=1)
    return 1
