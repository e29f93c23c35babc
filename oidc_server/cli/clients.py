"""`oidc-server clients`: applications."""

from collections.abc import Callable
from datetime import timedelta

import typer
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.cli import initial_access_tokens, reach
from oidc_server.cli.documents import ClientEntry
from oidc_server.clients import client_secrets, registry
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.models import ClientRow
from oidc_server.foundation.identifiers import new_id
from oidc_server.house import House

app = typer.Typer(no_args_is_help=True)
app.add_typer(initial_access_tokens.app, name="initial-access-token", help="Leave for clients to register themselves.")


@app.command()
def create(
    client_id: str | None = typer.Option(None, help="The client_id; a new one unless given."),
    name: str | None = typer.Option(None, help="What people read on the consent page."),
    redirect_uri: list[str] = typer.Option([], help="Where answers may be sent; may be repeated."),
    post_logout_redirect_uri: list[str] = typer.Option(
        [], help="Where people may go after they signed out; may be repeated."
    ),
    grant_type: list[str] = typer.Option(
        ["authorization_code", "refresh_token"], help="What it may use; may be repeated."
    ),
    scope: str | None = typer.Option(None, help="What it may ask for, parted by spaces."),
    public: bool = typer.Option(
        False, "--public", help="An app in a browser or on a device, which can't keep a secret."
    ),
    native: bool = typer.Option(
        False, "--native", help="An app on a device (implies loopback redirect URIs with any port)."
    ),
    skip_consent: bool = typer.Option(False, "--skip-consent", help="A first-party app: people aren't asked."),
    as_json: bool = reach.JSON_OPTION,
) -> None:
    """Register a client; its secret is shown once."""
    client_id = client_id or new_id().hex
    given = {
        "client_name": name,
        "redirect_uris": redirect_uri,
        "post_logout_redirect_uris": post_logout_redirect_uri,
        "grant_types": grant_type,
        "scope": scope,
        "token_endpoint_auth_method": "none" if public else None,
        "application_type": "native" if native else None,
        "skip_consent": skip_consent or None,
    }
    development = reach.settings().development
    try:
        document = {name: value for name, value in given.items() if value not in (None, [])}
        entry = ClientEntry.model_validate({**document, "client_id": client_id}, context={"development": development})
        metadata = entry.metadata()
    except ValidationError as error:
        reach.fail(reach.explain(error))

    async def work(house: House) -> str | None:
        return await house.database.run(_add, house, client_id, metadata)

    try:
        secret = reach.with_house(work)
    except IntegrityError:
        reach.fail(f"There is a client {client_id!r} already.")
    shown = {"client_id": client_id, **({"client_secret": secret} if secret else {}), **metadata.document()}
    reach.show_one(shown, as_json=as_json)


@app.command("list")
def list_clients(as_json: bool = reach.JSON_OPTION) -> None:
    """List every client."""

    async def work(house: House) -> list[ClientRow]:
        return await house.database.run(_list, house)

    reach.show([_row(client) for client in reach.with_house(work)], as_json=as_json)


@app.command("rotate-secret")
def rotate_secret(
    client_id: str = typer.Argument(help="The client."),
    keep_old_for: float = typer.Option(0, metavar="HOURS", help="How long the old secret still works."),
    as_json: bool = reach.JSON_OPTION,
) -> None:
    """Give a client a new secret, shown once."""

    async def work(house: House) -> str | None:
        return await house.database.run(_rotate, house, client_id, timedelta(hours=keep_old_for))

    secret = reach.with_house(work)
    if secret is None:
        reach.fail(f"There is no client {client_id!r} that has secrets.")
    reach.show_one({"client_id": client_id, "client_secret": secret}, as_json=as_json)


@app.command()
def disable(client_id: str = typer.Argument(help="The client.")) -> None:
    """Disable a client: it gets no tokens any more, and those it has are refused here at once."""
    if not _switch(client_id, registry.disable, Event.CLIENT_DISABLED):
        reach.fail(f"There is no enabled client {client_id!r}.")
    reach.out.print(f"Disabled {client_id}.")


@app.command()
def enable(client_id: str = typer.Argument(help="The client.")) -> None:
    """Enable a client that was disabled: what was issued to it counts again, unless it has expired or was revoked."""
    if not _switch(client_id, registry.enable, Event.CLIENT_ENABLED):
        reach.fail(f"There is no disabled client {client_id!r}.")
    reach.out.print(f"Enabled {client_id}.")


def _switch(client_id: str, how: Callable[[Session, str], bool], event: Event) -> bool:
    """Disable or enable a client; whether it was the other before."""

    def work(house: House) -> bool:
        with house.database.transaction() as session:
            done = how(session, client_id)
            if done:
                trail.record(session, event, client_id=client_id)
            return done

    return reach.with_house(lambda house: house.database.run(work, house))


def _add(house: House, client_id: str, metadata: ClientMetadata) -> str | None:
    with house.database.transaction() as session:
        registry.add(session, client_id, metadata)
        trail.record(session, Event.CLIENT_CREATED, client_id=client_id)
        if not metadata.has_secret:
            return None
        return client_secrets.add(session, house.sealing, client_id, signs=metadata.signs_with_secret)


def _list(house: House) -> list[ClientRow]:
    with house.database.transaction() as session:
        return registry.list_all(session)


def _rotate(house: House, client_id: str, keep_old_for: timedelta) -> str | None:
    with house.database.transaction() as session:
        method = _method(session, client_id)
        if not method.startswith("client_secret"):
            return None
        signs = method == "client_secret_jwt"
        secret = client_secrets.rotate(session, house.sealing, client_id, keep_old_for=keep_old_for, signs=signs)
        trail.record(session, Event.CLIENT_SECRET_ROTATED, client_id=client_id)
        return secret


def _method(session: Session, client_id: str) -> str:
    client = session.get(ClientRow, client_id)
    return "" if client is None else str(client.registration.get("token_endpoint_auth_method", "client_secret_basic"))


def _row(client: ClientRow) -> dict[str, object]:
    registration = client.registration
    return {
        "client_id": client.client_id,
        "client_name": registration.get("client_name"),
        "grant_types": registration.get("grant_types", ["authorization_code"]),
        "token_endpoint_auth_method": registration.get("token_endpoint_auth_method", "client_secret_basic"),
        "redirect_uris": registration.get("redirect_uris", []),
        "enabled": client.disabled_at is None,
        "dynamic": client.is_dynamic,
    }
