"""`oidc-server upstreams`: other identity providers by which people sign in."""

from collections.abc import Callable

import typer
from sqlalchemy.orm import Session

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.cli import reach, upstream_documents
from oidc_server.cli.upstream_documents import AnyEntry
from oidc_server.federation import upstreams
from oidc_server.federation.models import UpstreamRow
from oidc_server.foundation import clock
from oidc_server.foundation.sealing import Sealing
from oidc_server.house import House

app = typer.Typer(no_args_is_help=True)

_SLUG = typer.Argument(help="The upstream's slug.")


@app.command("list")
def list_upstreams(as_json: bool = reach.JSON_OPTION) -> None:
    """List every upstream, with the redirect URI to register there."""

    async def work(house: House) -> list[dict[str, object]]:
        return await house.database.run(_list, house)

    reach.show(reach.with_house(work), as_json=as_json)


@app.command()
def disable(slug: str = _SLUG, as_json: bool = reach.JSON_OPTION) -> None:
    """Disable an upstream: nobody signs in there any more; sessions that were begun with it go on."""
    is_done = _switch(slug, upstreams.disable, Event.UPSTREAM_DISABLED)
    if as_json:
        reach.show_one({"slug": slug, "disabled": is_done}, as_json=True)
    else:
        reach.out.print(f"Disabled {slug}." if is_done else f"{slug} was disabled already.")


@app.command()
def enable(slug: str = _SLUG, as_json: bool = reach.JSON_OPTION) -> None:
    """Enable an upstream that was disabled: who signed in there may do so again."""
    is_done = _switch(slug, upstreams.enable, Event.UPSTREAM_ENABLED)
    if as_json:
        reach.show_one({"slug": slug, "enabled": is_done}, as_json=True)
    else:
        reach.out.print(f"Enabled {slug}." if is_done else f"{slug} was enabled already.")


def _switch(slug: str, how: Callable[[Session, str], bool], event: Event) -> bool:
    """Disable or enable an upstream; whether it was the other before."""

    def work(house: House) -> bool | None:
        with house.database.transaction() as session:
            if session.get(UpstreamRow, slug) is None:
                return None
            is_done = how(session, slug)
            if is_done:
                trail.record(session, event, upstream=slug)
            return is_done

    if (is_done := reach.with_house(lambda house: house.database.run(work, house))) is None:
        reach.fail(f"There is no upstream {slug!r}.")
    return is_done


def put(session: Session, sealing: Sealing, entry: AnyEntry) -> str:
    """Make an upstream as the file describes it; what was done."""
    about, known = upstream_documents.about(entry), session.get(UpstreamRow, entry.slug)
    was_enabled = known is not None and known.disabled_at is None
    if (
        known is not None
        and known.definition == about.document()
        and was_enabled == entry.enabled
        and upstreams.has_secret(sealing, known, entry.client_secret)
    ):
        return "unchanged"
    disabled_at = None if entry.enabled else (known and known.disabled_at) or clock.now()
    upstreams.put(session, sealing, about, secret=entry.client_secret, disabled_at=disabled_at)
    trail.record(session, _event(known is not None, was_enabled, entry.enabled), upstream=entry.slug)
    return "changed" if known is not None else "created"


def _event(is_known: bool, was_enabled: bool, is_enabled: bool) -> Event:
    if not is_known:
        return Event.UPSTREAM_CREATED
    if was_enabled == is_enabled:
        return Event.UPSTREAM_CHANGED
    return Event.UPSTREAM_ENABLED if is_enabled else Event.UPSTREAM_DISABLED


def _list(house: House) -> list[dict[str, object]]:
    with house.database.transaction() as session:
        return [_row(house, one) for one in upstreams.list_all(session)]


def _row(house: House, one: UpstreamRow) -> dict[str, object]:
    return {
        "slug": one.slug,
        "kind": one.definition["kind"],
        "name": one.definition["name"],
        "enabled": one.disabled_at is None,
        "redirect_uri": house.conversation.redirect_uri(one.slug) if one.definition["kind"] != "ldap" else None,
    }
