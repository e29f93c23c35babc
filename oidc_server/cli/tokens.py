"""`oidc-server tokens`: end what was issued."""

from uuid import UUID

import typer
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.cli import reach
from oidc_server.house import House
from oidc_server.tokens import grants

app = typer.Typer(no_args_is_help=True)


@app.callback()
def tokens() -> None:
    """Without a second command, typer would let this one go without its name."""


@app.command()
def revoke(
    user: str | None = typer.Option(None, help="Whatever was issued about this person; their sessions go on."),
    client: str | None = typer.Option(None, help="Whatever was issued to this client about people."),
    grant: str | None = typer.Option(None, help="What rests on this one grant: the grant_id of a token or an event."),
) -> None:
    """Revoke refresh tokens, codes and access tokens; --user and --client together mean those of both.

    A resource server that checks access tokens by itself believes them until they expire. What a client got for itself
    (client_credentials) rests on no grant: disable the client.
    """
    if (grant is None) == (user is None and client is None):
        reach.fail("Name a --user or a --client or both, or a --grant.")

    async def work(house: House) -> int:
        return await house.database.run(_revoke, house, user, client, grant)

    count = reach.with_house(work)
    reach.out.print(f"Revoked {count} grant{'' if count == 1 else 's'}.")


def _revoke(house: House, username: str | None, client_id: str | None, grant: str | None) -> int:
    with house.database.transaction() as session:
        if grant is not None:
            return _revoke_one(session, grant)
        user = directory.find(session, username) if username is not None else None
        if username is not None and user is None:
            reach.fail(f"There is no user {username!r}.")
        user_id = user.id if user else None
        if user_id is not None:
            count = grants.revoke_of_user(session, user_id, client_id)
        else:
            count = grants.revoke_of_client(session, client_id or "")
        trail.record(session, Event.GRANTS_REVOKED, user_id=user_id, client_id=client_id, count=count)
        return count


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
