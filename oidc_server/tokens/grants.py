"""Grants: made when a person says yes, read, and ended.

A grant is alive while it has neither expired nor been revoked, its person may act, and the consent that it rests on stands.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from oidc_server.clients import subjects
from oidc_server.clients.metadata import ClientMetadata
from oidc_server.consents.models import Consent
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.statements import affected, insert_if_absent, parameters_of, remove_in_batches, table
from oidc_server.sessions.models import BrowserSession
from oidc_server.settings.protocol import LifetimeSettings
from oidc_server.tokens.models import Grant, users

#: Rows stay this long after their end, so that a late replay still meets them.
_KEPT_AFTER = timedelta(hours=2)


@dataclass(frozen=True)
class Authentication:
    """How and when the person proved who they are."""

    authenticated_at: datetime
    acr: str
    amr: tuple[str, ...]
    session_id: UUID | None = None
    session_expires_at: datetime | None = None


@dataclass(frozen=True)
class Request:
    """What a client asked for, checked."""

    client_id: str
    scopes: frozenset[str]
    redirect_uri: str | None = None
    code_challenge: str | None = None
    nonce: str | None = None
    claims: dict[str, Any] | None = None
    resources: frozenset[str] = frozenset()
    with_refresh_token: bool = False


class Ids(TypedDict):
    """What the audit trail says of a grant."""

    user_id: UUID
    client_id: str
    session_id: UUID | None
    grant_id: UUID


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant as its row says."""

    id: UUID
    client_id: str
    user_id: UUID
    session_id: UUID | None
    is_offline: bool
    scopes: tuple[str, ...]
    redirect_uri: str | None
    code_challenge: str | None
    nonce: str | None
    claims: dict[str, Any] | None
    resources: tuple[str, ...]
    authenticated_at: datetime
    acr: str
    amr: tuple[str, ...]
    code_expires_at: datetime | None
    code_spent_at: datetime | None
    refresh_counter: int
    refresh_rotated_at: datetime | None
    has_ended: bool
    """Revoked, expired, or without a person or consent to rest on."""

    @property
    def ids(self) -> Ids:
        """What it is about, for the audit trail."""
        return {
            "user_id": self.user_id,
            "client_id": self.client_id,
            "session_id": self.session_id,
            "grant_id": self.id,
        }


def is_standing() -> ColumnElement[bool]:
    """The condition on a row of `grants` that it is alive at the bound parameter `now`.

    One that isn't offline lives no longer than the session it was made in (docs/decisions/0006).
    """
    now = bindparam("now", type_=Grant.expires_at.type)
    person_may_act = exists().where(users.c.id == Grant.user_id, users.c.disabled_at.is_(None))
    consent = exists().where(Consent.user_id == Grant.user_id, Consent.client_id == Grant.client_id)
    return and_(
        Grant.revoked_at.is_(None),
        Grant.expires_at > now,
        Grant.idle_expires_at > now,
        person_may_act,
        or_(Grant.is_offline.is_(True), exists().where(BrowserSession.id == Grant.session_id, *_goes_on(now))),
        or_(Grant.rests_on_consent.is_(False), consent),
    )


def _goes_on(now: BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    """The conditions on a row of `sessions` that it goes on."""
    idle = or_(BrowserSession.idle_expires_at.is_(None), BrowserSession.idle_expires_at > now)
    return BrowserSession.ended_at.is_(None), BrowserSession.expires_at > now, idle


#: What `Granted` is made of.
COLUMNS = tuple(getattr(Grant, field.name) for field in fields(Granted) if field.name != "has_ended")
_READ = select(*COLUMNS, (~is_standing()).label("has_ended")).where(Grant.id == bindparam("grant_id"))
_REVOKE = (
    update(Grant)
    .where(Grant.id == bindparam("grant_id"), Grant.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_COLUMN_NAMES = tuple(column.name for column in table(Grant).columns)
#: A new grant of a session that goes on; whoever would end it waits, and then finds the grant.
_IN_SESSION = (
    parameters_of(Grant)
    .where(BrowserSession.id == bindparam("session_id"), BrowserSession.ended_at.is_(None))
    .with_for_update(read=True)
)


def granted(row: Any, *, has_ended: bool | None = None) -> Granted:
    """A row of `COLUMNS` as a value."""
    values = dict(row._mapping)
    for name in ("scopes", "resources", "amr"):
        values[name] = tuple(values[name] or ())
    if has_ended is not None:
        values["has_ended"] = has_ended
    return Granted(**values)


def make(
    handle: Handle,
    lifetimes: LifetimeSettings,
    user_id: UUID,
    asked: Request,
    authentication: Authentication,
    *,
    grant_id: UUID | None = None,
    with_code: bool = True,
    rests_on_consent: bool = False,
) -> Granted | None:
    """Write a new grant down; None if there is one with this id already, or its session has ended since it was read."""
    now = clock.now()
    is_offline = "offline_access" in asked.scopes or authentication.session_id is None
    values = dict.fromkeys(_COLUMN_NAMES) | {
        "id": grant_id or new_id(),
        "client_id": asked.client_id,
        "user_id": user_id,
        "session_id": authentication.session_id,
        "is_offline": is_offline,
        "rests_on_consent": rests_on_consent,
        "scopes": sorted(asked.scopes),
        "redirect_uri": asked.redirect_uri,
        "code_challenge": asked.code_challenge,
        "nonce": asked.nonce,
        "claims": asked.claims,
        "resources": sorted(asked.resources) or None,
        "authenticated_at": authentication.authenticated_at,
        "acr": authentication.acr,
        "amr": list(authentication.amr),
        "created_at": now,
        "code_expires_at": now + lifetimes.authorization_code if with_code else None,
        "refresh_counter": 0,
        "idle_expires_at": now + lifetimes.refresh_token_idle,
        "expires_at": _expiry(now, lifetimes, asked, None if is_offline else authentication.session_expires_at),
    }
    if not insert_if_absent(handle, Grant, values, _IN_SESSION if authentication.session_id else None):
        return None
    made = {column.key: values.get(column.key) for column in COLUMNS}
    listed = {
        "scopes": tuple(sorted(asked.scopes)),
        "resources": tuple(sorted(asked.resources)),
        "amr": authentication.amr,
    }
    return Granted(**{**made, **listed, "has_ended": False})  # type: ignore[arg-type]  # the columns are its members


def read(handle: Handle, grant_id: UUID) -> Granted | None:
    """The grant with this id."""
    row = handle.execute(_READ, {"grant_id": grant_id, "now": clock.now()}).first()
    return granted(row) if row else None


def revoke(handle: Handle, grant_id: UUID) -> bool:
    """End a grant, and with it everything issued from it; whether it had not been ended before."""
    return affected(handle.execute(_REVOKE, {"grant_id": grant_id, "now": clock.now()})) == 1


def revoke_of_session(session: Session, session_id: UUID) -> int:
    """End the grants that live as long as a session; how many."""
    return _revoke_where(session, Grant.session_id == session_id, Grant.is_offline.is_(False))


def revoke_of_user(
    session: Session, user_id: UUID, client_id: str | None = None, *, but: UUID | None = None,
    but_of_session: UUID | None = None,
) -> int:  # fmt: skip
    """End a user's grants, or those for one client; how many. One of them, or those of one session, may go on."""
    chosen = [Grant.user_id == user_id]
    if client_id is not None:
        chosen.append(Grant.client_id == client_id)
    if but is not None:
        chosen.append(Grant.id != but)
    if but_of_session is not None:
        chosen.append(Grant.session_id.is_distinct_from(but_of_session))
    return _revoke_where(session, *chosen)


def revoke_of_client(session: Session, client_id: str) -> int:
    """End every grant of a client; how many."""
    return _revoke_where(session, Grant.client_id == client_id)


def revoke_if_subjects_differ(session: Session, client_id: str, before: ClientMetadata, after: ClientMetadata) -> None:
    """End every grant of a client that knows people by other subjects from now on: no refresh changes a `sub` (Core §12.2)."""
    if subjects.differ(before, after):
        revoke_of_client(session, client_id)


def revoke_resting_on_consent(session: Session, user_id: UUID, client_id: str) -> int:
    """End a user's grants for a client that rest on their consent; how many. A later consent doesn't revive them."""
    return _revoke_where(
        session, Grant.user_id == user_id, Grant.client_id == client_id, Grant.rests_on_consent.is_(True)
    )


def clients_of(session: Session, user_id: UUID) -> set[str]:
    """The clients that hold a grant of this user which is alive."""
    standing = select(Grant.client_id).where(Grant.user_id == user_id, is_standing()).distinct()
    return set(session.scalars(standing, {"now": clock.now()}))


def remove_old(database: Database) -> int:
    """Forget grants that nobody can use any more; how many."""
    long_ago = clock.now() - _KEPT_AFTER
    is_over = or_(
        Grant.expires_at < long_ago,
        Grant.revoked_at < long_ago,
        Grant.idle_expires_at < long_ago,
        and_(Grant.code_spent_at.is_(None), Grant.code_expires_at < long_ago),
    )
    return remove_in_batches(database, Grant.id, is_over)


def _revoke_where(session: Session, *conditions: ColumnElement[bool]) -> int:
    alive = (*conditions, Grant.revoked_at.is_(None))
    return affected(session.execute(update(Grant).where(*alive).values(revoked_at=clock.now())))


def _expiry(
    now: datetime, lifetimes: LifetimeSettings, asked: Request, session_expires_at: datetime | None
) -> datetime:
    """When nothing of the grant is valid any more."""
    if not asked.with_refresh_token:
        return now + lifetimes.authorization_code + lifetimes.access_token
    latest = now + lifetimes.refresh_token
    return min(latest, session_expires_at) if session_expires_at else latest
