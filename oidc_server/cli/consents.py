"""`oidc-server consents`: what people have allowed."""

import typer

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.cli import reach, whom
from oidc_server.consents import memory
from oidc_server.house import House
from oidc_server.tokens import revoking

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_consents(
    username: str = typer.Argument(help="The user name or e-mail address."), as_json: bool = reach.JSON_OPTION
) -> None:
    """List what a person has allowed which clients."""

    async def work(house: House) -> list[dict[str, object]]:
        return await house.database.run(_list, house, username)

    reach.show(reach.with_house(work), as_json=as_json)


@app.command()
def withdraw(
    username: str = typer.Argument(help="The user name or e-mail address."),
    client_id: str = typer.Argument(help="The client."),
) -> None:
    """Take back what a person has allowed a client: its tokens end at once, and it must ask again."""

    async def work(house: House) -> bool:
        return await house.database.run(_withdraw, house, username, client_id)

    if not reach.with_house(work):
        reach.fail(f"{username!r} has allowed the client {client_id!r} nothing.")
    reach.out.print(f"Withdrawn: what {username} had allowed {client_id}.")


def _list(house: House, username: str) -> list[dict[str, object]]:
    with house.database.transaction() as session:
        user = whom.find(session, username)
        return [
            {"client_id": one.client_id, "scope": " ".join(one.scopes), "given_at": one.given_at}
            for one in memory.list_of(session, user.id)
        ]


def _withdraw(house: House, username: str, client_id: str) -> bool:
    with house.database.transaction() as session:
        user = whom.find(session, username)
        if not revoking.withdraw_consent(session, user.id, client_id):
            return False
        trail.record(session, Event.CONSENT_WITHDRAWN, user_id=user.id, client_id=client_id)
        return True
