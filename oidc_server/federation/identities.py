"""Identities: who a user is at an upstream."""

from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from oidc_server.federation.models import UpstreamIdentity, UpstreamRow
from oidc_server.federation.told import Told
from oidc_server.foundation import clock
from oidc_server.foundation.database import Handle
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.statements import affected, insert_if_absent


def owner(session: Session, told: Told) -> UUID | None:
    """The user whose identity this is, and a note that it was used."""
    mine = _is(told)
    values = {"used_at": clock.now(), "label": told.label}
    session.execute(update(UpstreamIdentity).where(*mine).values(values))
    return session.execute(select(UpstreamIdentity.user_id).where(*mine)).scalar_one_or_none()


def add(session: Session, told: Told, user_id: UUID) -> bool:
    """Link an identity to a user; False if it is somebody's already."""
    now = clock.now()
    values = {
        "id": new_id(),
        "upstream": told.upstream,
        "issuer": told.issuer,
        "subject": told.subject,
        "user_id": user_id,
        "label": told.label,
        "linked_at": now,
        "used_at": now,
    }
    return insert_if_absent(session, UpstreamIdentity, values)


def remove(session: Session, user_id: UUID, identity_id: UUID) -> bool:
    """Take an identity of theirs away from a user; whether it was there."""
    mine = (UpstreamIdentity.id == identity_id, UpstreamIdentity.user_id == user_id)
    return affected(session.execute(delete(UpstreamIdentity).where(*mine))) == 1


def list_of(session: Session, user_id: UUID) -> list[UpstreamIdentity]:
    """A user's identities, the oldest first."""
    of_user = UpstreamIdentity.user_id == user_id
    return list(session.scalars(select(UpstreamIdentity).where(of_user).order_by(UpstreamIdentity.linked_at)))


def has_any(handle: Handle, user_id: UUID) -> bool:
    """Whether a user has an identity at any upstream, enabled or not."""
    mine = select(UpstreamIdentity.id).where(UpstreamIdentity.user_id == user_id).limit(1)
    return handle.execute(mine).first() is not None


def remove_all(session: Session, user_id: UUID) -> None:
    """Let no identity lead to a user any more."""
    session.execute(delete(UpstreamIdentity).where(UpstreamIdentity.user_id == user_id))


def has_another(session: Session, user_id: UUID, than: UUID | None) -> bool:
    """Whether a user can sign in by any identity, or by another one than this."""
    other = select(UpstreamIdentity.id).join(UpstreamRow, UpstreamRow.slug == UpstreamIdentity.upstream)
    other = other.where(UpstreamIdentity.user_id == user_id, UpstreamRow.disabled_at.is_(None))
    if than is not None:
        other = other.where(UpstreamIdentity.id != than)
    return session.execute(other.limit(1)).first() is not None


def _is(told: Told) -> tuple[ColumnElement[bool], ...]:
    return (
        UpstreamIdentity.upstream == told.upstream,
        UpstreamIdentity.issuer == told.issuer,
        UpstreamIdentity.subject == told.subject,
    )
