"""`oidc-server clients initial-access-token`: leave for clients to register themselves."""

from datetime import datetime, timedelta

import typer
from pydantic import TypeAdapter, ValidationError

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.cli import reach
from oidc_server.clients import initial_access_tokens
from oidc_server.house import House
from oidc_server.settings.kinds import Duration

app = typer.Typer(no_args_is_help=True)

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


@app.callback()
def initial_access_token() -> None:
    """Tokens with which clients may register themselves."""


@app.command()
def create(
    expires: str = typer.Option("1d", help="How long it works: 30m, 12h, 7d."),
    uses: int = typer.Option(1, min=1, max=100_000, help="How many clients may be registered with it."),
    as_json: bool = reach.JSON_OPTION,
) -> None:
    """Make a token with which clients may register themselves; it is shown once."""
    lasts_for = _duration(expires)

    async def work(house: House) -> tuple[str, datetime]:
        return await house.database.run(_create, house, uses, lasts_for)

    token, expires_at = reach.with_house(work)
    if reach.settings().registration.mode == "off":
        reach.err.print("[yellow]Warning:[/] OIDC_REGISTRATION_MODE is off: nobody can register a client now.")
    shown = {"initial_access_token": token, "uses": uses, "expires_at": expires_at.isoformat(timespec="seconds")}
    reach.show_one(shown, as_json=as_json)


def _create(house: House, uses: int, lasts_for: timedelta) -> tuple[str, datetime]:
    with house.database.transaction() as session:
        token, expires_at = initial_access_tokens.create(session, house.sealing, uses=uses, lasts_for=lasts_for)
        trail.record(session, Event.INITIAL_ACCESS_TOKEN_CREATED, uses=uses, expires_at=expires_at.isoformat())
        return token, expires_at


def _duration(text: str) -> timedelta:
    try:
        found = _DURATION.validate_python(text)
    except (ValidationError, OverflowError):
        reach.fail(f"--expires must be a duration such as 30m, 12h or 7d, received {text!r}.")
    if found > timedelta(days=3650):
        reach.fail(f"--expires must be at most 3650d, received {text!r}.")
    return found
