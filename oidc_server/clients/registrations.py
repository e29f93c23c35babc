"""Registrations: clients that registered themselves, and the token with which each manages its own (RFC 7592)."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.clients import client_secrets, dynamic, registry
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.clients.models import ClientRow
from oidc_server.foundation import changes, clock
from oidc_server.foundation.database import Handle
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.identifiers import new_id, new_secret
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected

PURPOSE = "registration access token"
_AT_ONCE = 500

#: Compared with when there is no such client, so that the answer takes as long.
_NOTHING = b64url(bytes([1]) + bytes(32))


@dataclass(frozen=True)
class Made:
    """A client that has just been registered, with what is told only once."""

    row: ClientRow
    token: str = field(repr=False)
    secret: str | None = field(repr=False)


def is_full(session: Session, limit: int) -> bool:
    """Whether there are as many clients that registered themselves as there may be."""
    # Whoever moves the counter waits for whoever did before: of many at once, each sees the others' clients.
    changes.announce(session)
    return (session.scalar(select(func.count()).where(ClientRow.is_dynamic)) or 0) >= limit


def add(session: Session, sealing: Sealing, metadata: ClientMetadata, statement: str | None) -> Made:
    """Register a client under a new id."""
    client_id, token = new_id().hex, new_secret()
    registry.add(session, client_id, metadata)
    row = session.get_one(ClientRow, client_id)
    row.is_dynamic = True
    row.registration_token_hash = sealing.fingerprint(PURPOSE, _bound(client_id, token))
    row.software_statement = statement
    return Made(row, token, fit_secret(session, sealing, client_id, metadata))


def recognises(handle: Handle, sealing: Sealing, client_id: str, token: str) -> bool:
    """Whether this is the registration access token of this client; takes as long when there is no such client."""
    row = handle.execute(
        select(ClientRow.registration_token_hash).where(ClientRow.client_id == client_id)
    ).scalar_one_or_none()
    return sealing.recognises(PURPOSE, _bound(client_id, token), row or _NOTHING)


def change(
    session: Session, sealing: Sealing, row: ClientRow, metadata: ClientMetadata, statement: str | None
) -> str | None:
    """Give a client other metadata; its new secret, if it needs one and had none."""
    metadata = dynamic.keep_operators_members(metadata, row.registration)
    registry.change(session, row.client_id, metadata, disabled_at=row.disabled_at)
    its_own = update(ClientRow).where(ClientRow.client_id == row.client_id)
    session.execute(its_own.values(software_statement=statement, last_used_at=clock.now()))
    return fit_secret(session, sealing, row.client_id, metadata)


def fit_secret(session: Session, sealing: Sealing, client_id: str, metadata: ClientMetadata) -> str | None:
    """Let a client have a secret as its metadata want it; the new one, if it needs one and had none that fits."""
    if not metadata.has_secret:
        client_secrets.remove(session, client_id)
        return None
    known = client_secrets.stored(session, client_id)
    if known and (not metadata.signs_with_secret or any(one.sealed_secret for one in known)):
        return None
    client_secrets.remove(session, client_id)
    return client_secrets.add(session, sealing, client_id, signs=metadata.signs_with_secret)


def remove(session: Session, client_id: str) -> bool:
    """Forget a client, and with it its secrets, consents, grants and all that was issued from them."""
    done = affected(session.execute(delete(ClientRow).where(ClientRow.client_id == client_id, ClientRow.is_dynamic)))
    changes.announce(session)
    return done == 1


def remove_unused(session: Session, unused_for: timedelta) -> int:
    """Forget clients that registered themselves and that nobody has used for so long; how many."""
    last_seen = func.coalesce(ClientRow.last_used_at, ClientRow.created_at, type_=ClientRow.created_at.type)
    is_unused = (ClientRow.is_dynamic, last_seen < clock.now() - unused_for)
    doomed = session.scalars(select(ClientRow.client_id).where(*is_unused).limit(_AT_ONCE)).all()
    if not doomed:
        return 0
    # Looked at again: one of them may have been used a moment ago. And the counter last, as everybody takes these locks.
    still_unused = delete(ClientRow).where(ClientRow.client_id.in_(doomed), *is_unused)
    gone = session.scalars(still_unused.returning(ClientRow.client_id)).all()
    for client_id in gone:
        trail.record(session, Event.CLIENT_EXPIRED, client_id=client_id)
    changes.announce(session)
    return len(gone)


def _bound(client_id: str, token: str) -> str:
    """The token of one client is none of another's."""
    return f"{client_id}\0{token}"
