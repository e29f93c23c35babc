"""`oidc-server apply FILE`: all that a file describes, again and again with the same end."""

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer
import yaml
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.password_rules import BadPassword
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.cli import doubts, reach, upstreams
from oidc_server.cli.documents import ClientEntry, Document, ResourceEntry, UserEntry
from oidc_server.clients import client_secrets, registry, resources
from oidc_server.clients.models import ClientRow, ResourceRow
from oidc_server.foundation import clock
from oidc_server.foundation.database import wait
from oidc_server.foundation.web import logos
from oidc_server.house import House
from oidc_server.tokens import grants


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands in a mapping twice, of which YAML would forget the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping, each key once."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for (key, _), name in zip(node.value, keys, strict=True):
            if keys.count(name) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands here twice", key.start_mark
                )
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class PasswordOfFile:
    """What becomes of a user's password."""

    new_hash: str | None = None
    """What their row should hold; None to leave what is there."""
    applied_hash: str | None = None
    """What is to be known of the file's password from now on; None to leave what is known."""


class DryRun(Exception):
    """Undoes what was only tried."""


@dataclass
class Outcome:
    """What was (or would be) done."""

    lines: list[dict[str, str]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def tell(self, kind: str, name: str, action: str) -> None:
        """Note one thing."""
        self.lines.append({"kind": kind, "name": name, "action": action})


def apply(
    file: Path = typer.Argument(help="A YAML file; docs/apply.schema.json describes it.", exists=True, dir_okay=False),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be done, and do nothing."),
    as_json: bool = reach.JSON_OPTION,
) -> None:
    """Make clients, resource servers, upstreams and users as a file says. What the file doesn't name is left alone."""
    development = reach.settings().development
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        reach.fail(f"{file} is not UTF-8.")
    document = read(text, development=development)

    async def work(house: House) -> Outcome:
        return await house.database.run(lambda: write(house, document, dry_run=dry_run))

    outcome = reach.with_house(work)
    if as_json:
        reach.show(
            [{**line, "client_secret": outcome.secrets.get(line["name"])} for line in outcome.lines], as_json=True
        )
        return
    for warning in outcome.warnings:
        reach.err.print(f"[yellow]Warning:[/] {warning}")
    if not outcome.lines:
        reach.out.print(f"{file} names nothing.")
    for line in outcome.lines:
        reach.out.print(f"{line['kind']} {line['name']}: {'would be ' if dry_run else ''}{line['action']}")
    for client_id, secret in outcome.secrets.items():
        reach.out.print(f"client_secret of {client_id} (shown once): {secret}")


def read(text: str, *, development: bool) -> Document:
    """The document in a YAML text; says what is wrong with it and leaves."""
    try:
        members = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
        if not isinstance(members, dict | None):
            reach.fail("The file must be a mapping, with clients, resources, upstreams or users in it.")
        return Document.model_validate(members or {}, context={"development": development})
    except yaml.MarkedYAMLError as error:
        # Never the line itself: it may hold a password.
        mark = error.problem_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reach.fail(f"The file is not YAML{place}: {error.problem}")
    except (yaml.YAMLError, RecursionError) as error:
        reach.fail(f"The file is not YAML: {type(error).__name__}")
    except ValidationError as error:
        reach.fail(reach.explain(error))


def write(house: House, document: Document, *, dry_run: bool = False) -> Outcome:
    """Make everything so, in one transaction; call it inside `Database.run`."""
    outcome = Outcome()
    passwords = {user.username: _password(house, user) for user in document.users}
    try:
        with house.database.transaction() as session:
            _write(session, house, document, passwords, outcome)
            if dry_run:
                raise DryRun
    except DryRun:
        outcome.secrets.clear()
    except IntegrityError as error:
        reach.fail(f"The file contradicts what is there: {error.orig}")
    except ValueError as error:
        reach.fail(str(error))
    return outcome


def _write(
    session: Session, house: House, document: Document, passwords: dict[str, PasswordOfFile], outcome: Outcome
) -> None:
    for client in document.clients:
        outcome.tell("client", client.client_id, _client(session, house, client, outcome))
    for resource in document.resources:
        outcome.tell("resource", resource.resource, _resource(session, resource))
    for upstream in document.upstreams:
        outcome.tell("upstream", upstream.slug, upstreams.put(session, house.sealing, upstream))
    for user in document.users:
        outcome.tell("user", user.username, _user(session, user, passwords[user.username]))
    outcome.warnings.extend(doubts.about(session, document.clients))


def _client(session: Session, house: House, entry: ClientEntry, outcome: Outcome) -> str:
    metadata, known = entry.metadata(), session.get(ClientRow, entry.client_id)
    _require_logo(house, entry)
    disabled_at = None if entry.enabled else (known and known.disabled_at) or clock.now()
    if known is None:
        registry.add(session, entry.client_id, metadata, disabled_at=disabled_at)
        _secret(session, house, entry, outcome)
        trail.record(session, Event.CLIENT_CREATED, client_id=entry.client_id)
        return "created"
    was_enabled = known.disabled_at is None
    same = known.registration == metadata.document() and was_enabled == entry.enabled
    changed_secret = _secret(session, house, entry, outcome)
    if same and not changed_secret:
        return "unchanged"
    grants.revoke_if_subjects_differ(session, entry.client_id, registry.metadata_of(known.registration), metadata)
    registry.change(session, entry.client_id, metadata, disabled_at=disabled_at)
    trail.record(session, _client_event(was_enabled, entry.enabled), client_id=entry.client_id)
    return "changed"


def _require_logo(house: House, entry: ClientEntry) -> None:
    """Raise ValueError where pages would look for a logo in vain."""
    name, folder = (entry.branding or {}).get("logo"), house.settings.branding.logos_dir
    if name is not None and name not in logos.of_clients(folder):
        where = f"not in {folder}" if folder else "in no folder: OIDC_BRANDING_LOGOS_DIR is not set"
        raise ValueError(f"The logo of {entry.client_id} is {name}, which is {where}.")


def _client_event(was_enabled: bool, is_enabled: bool) -> Event:
    if was_enabled == is_enabled:
        return Event.CLIENT_CHANGED
    return Event.CLIENT_ENABLED if is_enabled else Event.CLIENT_DISABLED


def _secret(session: Session, house: House, entry: ClientEntry, outcome: Outcome) -> bool:
    """Give the client the file's secret, or one of its own if it has none; whether anything changed."""
    if not entry.has_secret:
        return False
    signs = entry.signs_with_secret
    known = client_secrets.stored(session, entry.client_id)
    is_usable = bool(known) and (not signs or any(one.sealed_secret for one in known))
    if entry.client_secret is None:
        if not is_usable:
            made = client_secrets.add(session, house.sealing, entry.client_id, signs=signs)
            outcome.secrets[entry.client_id] = made
        return not is_usable
    if is_usable and client_secrets.matches(house.sealing, entry.client_id, entry.client_secret, known):
        return False
    client_secrets.rotate(
        session,
        house.sealing,
        entry.client_id,
        keep_old_for=timedelta(),
        secret=entry.client_secret,
        signs=signs,
    )
    return True


def _resource(session: Session, entry: ResourceEntry) -> str:
    if entry.client_id is not None and session.get(ClientRow, entry.client_id) is None:
        raise ValueError(f"The resource {entry.resource} names no client that there is: {entry.client_id!r}.")
    known, wanted = session.get(ResourceRow, entry.resource), entry.as_registered()
    if known is not None and all(getattr(known, name) == value for name, value in asdict(wanted).items()):
        return "unchanged"
    event = Event.RESOURCE_CHANGED if known else Event.RESOURCE_CREATED
    resources.put(session, wanted)
    trail.record(session, event, resource=entry.resource)
    return "changed" if event is Event.RESOURCE_CHANGED else "created"


def _password(house: House, entry: UserEntry) -> PasswordOfFile:
    """What becomes of a user's password; hashing takes long, so before the transaction."""
    with house.database.autocommit() as connection:
        known = directory.find_by_username(connection, entry.username)
    if entry.password_hash is not None:
        if not house.passwords.is_hash(entry.password_hash):
            reach.fail(
                f"The password_hash of {entry.username} is of no kind that we know: bcrypt, bcrypt_sha256, argon2 or pbkdf2."
            )
        return PasswordOfFile(None if known else entry.password_hash)
    if entry.password is None:
        return PasswordOfFile()
    # What the file said the last time is no news: whatever its user has chosen since then stays.
    for kept in filter(None, (known.applied_password_hash, known.password_hash) if known else ()):
        if wait(house.passwords.verify(entry.password, kept))[0]:
            return PasswordOfFile(applied_hash=kept)
    try:
        wait(house.self_service.rules.check(entry.password, [entry.username, entry.email, entry.name]))
    except BadPassword as refusal:
        reach.fail(f"The password of {entry.username}: {refusal.told} ({refusal.because})")
    new_hash = wait(house.passwords.hash(entry.password))
    return PasswordOfFile(new_hash, new_hash)


def _user(session: Session, entry: UserEntry, password: PasswordOfFile) -> str:
    known = directory.find_by_username(session, entry.username)
    owner = directory.find(session, entry.email or "")
    if owner is not None and (known is None or owner.id != known.id):
        raise ValueError(f"The e-mail address of {entry.username} belongs to another user, {owner.username}.")
    if known is None:
        disabled_at = None if entry.enabled else clock.now()
        columns = {**entry.columns(), "applied_password_hash": password.applied_hash}
        directory.add(session, entry.username, password_hash=password.new_hash, disabled_at=disabled_at, **columns)
        return "created"
    if password.applied_hash not in (None, known.applied_password_hash):
        directory.update_user(session, known.id, applied_password_hash=password.applied_hash)
    columns = entry.columns()
    same = all(getattr(known, name) == value for name, value in columns.items())
    if same and password.new_hash is None and entry.enabled != known.is_barred:
        return "unchanged"
    directory.change(session, known, password_hash=password.new_hash, enabled=entry.enabled, **columns)
    return "changed"
