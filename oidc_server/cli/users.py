"""`oidc-server users`: people."""

import sys

import typer
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from oidc_server.accounts import deletion, directory, factors
from oidc_server.accounts.factors import Factors
from oidc_server.accounts.models import User
from oidc_server.accounts.password_rules import BadPassword
from oidc_server.accounts.sign_up import SignUpRefused
from oidc_server.cli import reach, whom
from oidc_server.cli.documents import UserEntry
from oidc_server.house import House

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    username: str = typer.Argument(help="The name to sign in with."),
    email: str | None = typer.Option(None, help="The e-mail address; one may sign in with it too."),
    name: str | None = typer.Option(None, help="The full name."),
    role: list[str] = typer.Option([], help="A role such as admin; may be repeated."),
    password_stdin: bool = typer.Option(
        False, "--password-stdin", help="Read the password from standard input instead of asking."
    ),
    as_json: bool = reach.JSON_OPTION,
) -> None:
    """Create a user. The password is asked for, never an argument: arguments can be read by everybody on the machine."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        entry = UserEntry(username=username, email=email, name=name, roles=role, password=password)
    except ValidationError as error:
        reach.fail(reach.explain(error))

    async def work(house: House) -> User:
        try:
            await house.self_service.rules.check(password, [username, email, name])
        except BadPassword as refusal:
            reach.fail(f"{refusal.told} ({refusal.because})")
        password_hash = await house.passwords.hash(password)
        return await house.database.run(_add, house, entry, password_hash)

    try:
        user = reach.with_house(work)
    except IntegrityError:
        reach.fail(f"There is a user with the name {username!r} or this e-mail address already.")
    reach.show_one(_row(user), as_json=as_json)


@app.command("list")
def list_users(as_json: bool = reach.JSON_OPTION) -> None:
    """List every user."""

    async def work(house: House) -> list[User]:
        return await house.database.run(_list, house)

    reach.show([_row(user) for user in reach.with_house(work)], as_json=as_json)


@app.command()
def disable(username: str = typer.Argument(help="The user name or e-mail address.")) -> None:
    """Disable a user: every session, code and token of theirs ends at once."""

    async def work(house: House) -> None:
        await house.database.run(_disable, house, username)

    reach.with_house(work)
    reach.out.print(f"Disabled {username}.")


@app.command()
def enable(username: str = typer.Argument(help="The user name or e-mail address.")) -> None:
    """Enable a user who was disabled: they can sign in again; what was ended stays ended."""

    async def work(house: House) -> User | None:
        return await house.database.run(_enable, house, username)

    user = reach.with_house(work)
    if user is None:
        reach.fail(f"{username!r} is not disabled.")
    reach.out.print(f"Enabled {username}.")
    if user.deleted_at is not None:
        reach.out.print("Their account stays deleted, as they wished: `oidc-server users restore` gives it back.")


@app.command()
def restore(username: str = typer.Argument(help="The user name or e-mail address.")) -> None:
    """Give an account back that its owner has deleted, as long as it is not erased."""

    async def work(house: House) -> User | None:
        return await house.database.run(_restore, house, username)

    user = reach.with_house(work)
    if user is None:
        reach.fail(f"There is no deleted user {username!r}.")
    reach.out.print(f"Restored {username}." + (" It stays disabled, as it was." if user.is_barred else ""))


@app.command("reset-factors")
def reset_factors(username: str = typer.Argument(help="The user name or e-mail address.")) -> None:
    """Remove a user's second factors, passkeys and recovery codes, for those who lost theirs: their sessions end."""

    async def work(house: House) -> Factors:
        return await house.database.run(_reset_factors, house, username)

    reach.out.print(f"Removed {reach.with_house(work).count} factors of {username}.")


def _reset_factors(house: House, username: str) -> Factors:
    with house.database.transaction() as session:
        user = whom.find(session, username)
        house.letters.tell_owner(session, "factors_reset", user)
        return factors.reset(session, user)


@app.command()
def invite(email: str = typer.Argument(help="The e-mail address.")) -> None:
    """Invite somebody to sign up: the server sends them a link."""

    async def work(house: House) -> None:
        if not house.settings.can_mail or not house.settings.issuer:
            reach.fail("Mail cannot be sent: set OIDC_SMTP_URL and OIDC_ISSUER.")
        if house.settings.sign_up_mode == "off":
            reach.fail("Nobody may sign up: set OIDC_SIGN_UP_MODE to invitation or open.")
        await house.database.run(_invite, house, email)

    try:
        reach.with_house(work)
    except SignUpRefused as refusal:
        reach.fail(refusal.told)
    reach.out.print(f"Invited {email}.")


def _invite(house: House, email: str) -> None:
    with house.database.transaction() as session:
        house.self_service.sign_up.invite(session, email)


def _add(house: House, entry: UserEntry, password_hash: str) -> User:
    with house.database.transaction() as session:
        return directory.add(session, entry.username, password_hash=password_hash, **entry.columns())


def _list(house: House) -> list[User]:
    with house.database.transaction() as session:
        return directory.list_all(session)


def _disable(house: House, username: str) -> None:
    with house.database.transaction() as session:
        directory.disable(session, whom.find(session, username))


def _enable(house: House, username: str) -> User | None:
    """The user, None if no operator had disabled them."""
    with house.database.transaction() as session:
        user = whom.find(session, username)
        if not user.is_barred:
            return None
        directory.change(session, user, password_hash=None, enabled=True)
        return user


def _restore(house: House, username: str) -> User | None:
    """The user as they are afterwards, None if they had not been deleted."""
    with house.database.transaction() as session:
        user = directory.find(session, username)
        is_restored = user is not None and deletion.restore(session, user.id)
        return directory.find(session, username) if is_restored else None


def _row(user: User) -> dict[str, object]:
    return {
        "id": str(user.id),
        "username": user.username,
        "email": user.email,
        "roles": user.roles,
        "enabled": user.disabled_at is None,
        "deleted_at": user.deleted_at,
        "created_at": user.created_at,
    }
