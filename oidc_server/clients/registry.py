"""The registry: clients as this node keeps them in memory, and how operators write them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from oidc_server.clients import client_secrets, languages, redirect_uris
from oidc_server.clients.client_secrets import StoredSecret
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.models import ClientOrigin, ClientRow
from oidc_server.clients.uses import Uses
from oidc_server.foundation import changes, clock
from oidc_server.foundation.changes import Changes, Kept
from oidc_server.foundation.database import Database
from oidc_server.foundation.statements import affected

MAX_ID_LENGTH = 255

#: How far the clocks of two nodes may be apart.
_APART = timedelta(seconds=0.5)


@dataclass(frozen=True)
class Client:
    """A client that may be used."""

    client_id: str
    metadata: ClientMetadata
    secrets: tuple[StoredSecret, ...] = ()
    is_dynamic: bool = False
    """It registered itself: nobody has looked at what it says of itself."""
    project_id: UUID | None = None
    """The project whose members registered it."""

    @property
    def is_an_operators(self) -> bool:
        """Whether an operator registered it, and so stands for what it is."""
        return not self.is_dynamic and self.project_id is None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.metadata.client_name or self.client_id

    def in_language(self, tag: str) -> "Client":
        """The same, with what it says of itself as people read it who read this language (RFC 7591 §2.2)."""
        plain = {name: getattr(self.metadata, name) for name in languages.TRANSLATED}
        fitting = languages.fitting(plain, self.metadata.translations, tag)
        return replace(self, metadata=self.metadata.model_copy(update=fitting))

    @property
    def scopes(self) -> frozenset[str]:
        """What it may ask for."""
        return frozenset(self.metadata.scope.split(" "))

    def may_use(self, grant_type: str) -> bool:
        """Whether it is registered for this grant type."""
        return grant_type in self.metadata.grant_types

    def may_return_to(self, uri: str) -> bool:
        """Whether an authorization response may be sent there."""
        return redirect_uris.matches(uri, self.metadata.redirect_uris, application_type=self.metadata.application_type)

    @property
    def hears_of_logouts(self) -> bool:
        """Whether it wants to know when a session ends in which it took part."""
        return bool(self.metadata.backchannel_logout_uri or self.metadata.frontchannel_logout_uri)

    def may_sign_out_to(self, uri: str) -> bool:
        """Whether people may be sent there once they signed out."""
        return redirect_uris.matches(
            uri, self.metadata.post_logout_redirect_uris, application_type=self.metadata.application_type
        )


class Registry:
    """Finds enabled clients; what it found it keeps until something changes."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes
        self.uses = Uses(database)
        self._clients: Kept[str, Client | None] = Kept(changes)
        self._origins: Kept[str, bool] = Kept(changes)

    def find(self, client_id: str) -> Client | None:
        """The client, or None if there is none or it is disabled; call it inside `Database.run`."""
        if not 0 < len(client_id) <= MAX_ID_LENGTH:
            return None
        return self._clients.get(client_id, lambda: self._load(client_id))

    def has_origin(self, origin: str) -> bool:
        """Whether an enabled client's redirect URIs stand on this web origin; call it inside `Database.run`."""
        if not 0 < len(origin) <= MAX_ID_LENGTH:
            return False
        return self._origins.get(origin, lambda: self._load_origin(origin), even_while_cut_off=True)

    def note_use(self, client: Client) -> None:
        """Remember that a client is in use; only of those that go when nobody uses them."""
        if client.is_dynamic:
            self.uses.note(client.client_id)

    def look(self) -> None:
        """See what has changed now, not in half a second."""
        self._changes.look()

    def _load(self, client_id: str) -> Client | None:
        is_it = (ClientRow.client_id == client_id, ClientRow.disabled_at.is_(None))
        with self._database.autocommit() as connection:
            columns = (ClientRow.registration, ClientRow.is_dynamic, ClientRow.project_id)
            row = connection.execute(select(*columns).where(*is_it)).first()
            if row is None:
                return None
            stored = connection.execute(client_secrets.OF_CLIENT, {"client_id": client_id})
            secrets = tuple(StoredSecret(*secret) for secret in stored)
        return Client(client_id, metadata_of(row.registration), secrets, row.is_dynamic, row.project_id)

    def _load_origin(self, origin: str) -> bool:
        of_enabled = (
            select(ClientOrigin.client_id)
            .join(ClientRow, ClientRow.client_id == ClientOrigin.client_id)
            .where(ClientOrigin.origin == origin, ClientRow.disabled_at.is_(None))
            .limit(1)
        )
        with self._database.autocommit() as connection:
            return connection.execute(of_enabled).first() is not None


def metadata_of(registration: dict[str, Any]) -> ClientMetadata:
    """A document as it was kept.

    What was checked when it was written is not checked again, or a stricter release would lock clients out.
    """
    members = languages.gather(registration)
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in members.items()
    }
    return ClientMetadata.model_construct(**plain)


def add(session: Session, client_id: str, metadata: ClientMetadata, *, disabled_at: datetime | None = None) -> None:
    """Register a client; IntegrityError if its id is taken."""
    now = clock.now()
    session.add(
        ClientRow(
            client_id=client_id,
            registration=metadata.document(),
            created_at=now,
            updated_at=now,
            disabled_at=disabled_at,
        )
    )
    session.flush()
    _write_origins(session, client_id, metadata.redirect_uris)
    changes.announce(session)


def change(session: Session, client_id: str, metadata: ClientMetadata, *, disabled_at: datetime | None) -> None:
    """Give a client other metadata."""
    values = {"registration": metadata.document(), "updated_at": clock.now(), "disabled_at": disabled_at}
    session.execute(update(ClientRow).where(ClientRow.client_id == client_id).values(values))
    session.execute(delete(ClientOrigin).where(ClientOrigin.client_id == client_id))
    _write_origins(session, client_id, metadata.redirect_uris)
    changes.announce(session)


def disable(session: Session, client_id: str) -> bool:
    """Let a client do nothing any more, on every node within a second; whether it was enabled."""
    is_enabled = (ClientRow.client_id == client_id, ClientRow.disabled_at.is_(None))
    done = affected(session.execute(update(ClientRow).where(*is_enabled).values(disabled_at=clock.now())))
    changes.announce(session)
    return done == 1


def enable(session: Session, client_id: str) -> bool:
    """Let a client act again; whether it was disabled."""
    is_disabled = (ClientRow.client_id == client_id, ClientRow.disabled_at.is_not(None))
    done = affected(session.execute(update(ClientRow).where(*is_disabled).values(disabled_at=None)))
    changes.announce(session)
    return done == 1


def end_own_tokens(session: Session, client_id: str) -> datetime | None:
    """Let nothing count any more that a client has got for itself; from when on it gets what counts, None if there is none.

    Tokens tell to the second when they were issued: what comes in the same second as this is dead, too, on whichever node.
    """
    latest = clock.now() + _APART
    tokens_from = latest.replace(microsecond=0) + timedelta(seconds=1)
    ended = update(ClientRow).where(ClientRow.client_id == client_id).values(tokens_from=tokens_from)
    return tokens_from + _APART if affected(session.execute(ended)) == 1 else None


def list_all(session: Session) -> list[ClientRow]:
    """Every client, disabled ones too, by id."""
    return list(session.scalars(select(ClientRow).order_by(ClientRow.client_id)))


def _write_origins(session: Session, client_id: str, uris: Iterable[str]) -> None:
    origins = {origin for uri in uris if (origin := redirect_uris.origin(uri))}
    if origins:
        session.execute(
            insert(ClientOrigin), [{"origin": origin, "client_id": client_id} for origin in sorted(origins)]
        )
