"""`oidc-server keys`: signing keys."""

import typer

from oidc_server.cli import reach
from oidc_server.house import House
from oidc_server.keys import rotation
from oidc_server.keys.models import SigningKey

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_keys(as_json: bool = reach.JSON_OPTION) -> None:
    """List every signing key and where it is in its life: announced, signs, verifies, removed."""

    async def work(house: House) -> list[SigningKey]:
        return await house.database.run(_list, house)

    found = reach.with_house(work)
    reach.show([_row(key, found) for key in found], as_json=as_json)


@app.command()
def rotate(
    now: bool = typer.Option(False, "--now", help="Let the next key sign at once, not after its announcement."),
    as_json: bool = reach.JSON_OPTION,
) -> None:
    """Make the next signing key and announce it in the JWKS; it signs when relying parties have had time to see it."""

    async def work(house: House) -> tuple[SigningKey, list[SigningKey]]:
        kid = await house.database.run(lambda: house.rotation.rotate(at_once=now))
        found = await house.database.run(_list, house)
        return next(key for key in found if key.kid == kid), found

    key, found = reach.with_house(work)
    reach.show_one(_row(key, found), as_json=as_json)


@app.command()
def revoke(kid: str = typer.Argument(help="The key, as `keys list` names it.")) -> None:
    """Take away a key that has leaked: nothing it signed is valid any more. Another one signs at once."""

    async def work(house: House) -> bool:
        return await house.database.run(house.rotation.revoke, kid)

    if not reach.with_house(work):
        reach.fail(f"There is no key {kid!r}, or it was revoked before.")
    reach.out.print(f"Revoked {kid}.")


def _list(house: House) -> list[SigningKey]:
    with house.database.transaction() as session:
        return rotation.list_all(session)


def _row(key: SigningKey, found: list[SigningKey]) -> dict[str, object]:
    return {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": rotation.state(key, found),
        "announced_at": key.announced_at,
        "signs_from": key.signs_from,
        "verifies_until": key.verifies_until,
    }
