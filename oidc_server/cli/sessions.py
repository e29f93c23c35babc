"""`oidc-server sessions`: where people are signed in."""

from uuid import UUID

import typer

from oidc_server.accounts import directory
from oidc_server.cli import reach, whom
from oidc_server.house import House
from oidc_server.sessions import ledger
from oidc_server.sessions.models import BrowserSession

app = typer.Typer(no_args_is_help=True)

_USERNAME = typer.Argument(help="The user name or e-mail address.")


@app.command("list")
def list_sessions(username: str = _USERNAME, as_json: bool = reach.JSON_OPTION) -> None:
    """List where a person is signed in."""

    async def work(house: House) -> list[dict[str, object]]:
        return await house.database.run(_list, house, username)

    reach.show(reach.with_house(work), as_json=as_json)


@app.command()
def end(
    username: str = _USERNAME,
    sid: str | None = typer.Option(None, help="Only the session with this id; by default all."),
) -> None:
    """Sign a person out: their sessions end, with the grants that live as long, and applications hear of it."""

    async def work(house: House) -> int:
        return await house.database.run(_end, house, username, sid)

    ended = reach.with_house(work)
    if sid is not None and not ended:
        reach.fail(f"{username!r} has no session {sid!r}.")
    reach.out.print(f"Ended {ended} session{'' if ended == 1 else 's'} of {username}.")


def _list(house: House, username: str) -> list[dict[str, object]]:
    with house.database.transaction() as session:
        return [_row(one) for one in ledger.list_live(session, whom.find(session, username).id)]


def _end(house: House, username: str, sid: str | None) -> int:
    with house.database.transaction() as session:
        user = whom.find(session, username)
        chosen = [one for one in ledger.list_live(session, user.id) if sid is None or _names(sid, one.id)]
        for one in chosen:
            directory.end_session(session, one)
        return len(chosen)


def _names(sid: str, session_id: UUID) -> bool:
    return sid.replace("-", "").lower() == session_id.hex


def _row(one: BrowserSession) -> dict[str, object]:
    return {
        "sid": str(one.id),
        "authenticated_at": one.authenticated_at,
        "amr": one.amr,
        "last_seen_at": one.last_seen_at,
        "expires_at": one.expires_at,
        "address": one.address,
        "user_agent": one.user_agent,
    }
