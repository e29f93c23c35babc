"""`oidc-server`: every command."""

from importlib.metadata import version

import typer

from oidc_server.cli import (
    apply,
    cleanup,
    clients,
    consents,
    keys,
    migrate,
    reach,
    serve,
    sessions,
    settings,
    tokens,
    upstreams,
    users,
)

app = typer.Typer(
    name="oidc-server",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An OpenID Connect authorization server.",
)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        reach.out.print(f"oidc-server {version('oidc-server')}")
        raise typer.Exit


@app.callback()
def begin(
    _: bool = typer.Option(False, "--version", is_eager=True, callback=_say_version, help="Say which release this is."),
) -> None:
    """An OpenID Connect authorization server."""


app.command("serve")(serve.serve)
app.command("migrate")(migrate.migrate)
app.command("apply")(apply.apply)
app.add_typer(keys.app, name="keys", help="Signing keys: list them, rotate them, revoke one that leaked.")
app.add_typer(users.app, name="users", help="People: create, list, disable them.")
app.add_typer(clients.app, name="clients", help="Applications: create, list, disable them, give them new secrets.")
app.add_typer(consents.app, name="consents", help="What people have allowed: list it, withdraw it.")
app.add_typer(sessions.app, name="sessions", help="Where people are signed in: list it, end it.")
app.add_typer(tokens.app, name="tokens", help="What was issued: end it.")
app.add_typer(upstreams.app, name="upstreams", help="Other identity providers: list them, disable them.")
app.command("cleanup")(cleanup.cleanup)
app.command("settings")(settings.list_settings)

if __name__ == "__main__":
    app()
