"""The memory of consents: given, recalled, forgotten."""

from collections.abc import Set
from uuid import UUID

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from oidc_server.consents.models import Consent
from oidc_server.foundation import clock
from oidc_server.foundation.database import Handle
from oidc_server.foundation.statements import affected, insert_if_absent

_RECALL = select(Consent.scopes).where(
    Consent.user_id == bindparam("user_id"), Consent.client_id == bindparam("client_id")
)


def recall(handle: Handle, user_id: UUID, client_id: str) -> frozenset[str]:
    """The scopes that this person has allowed this client."""
    of_both = {"user_id": user_id, "client_id": client_id}
    return frozenset(handle.execute(_RECALL, of_both).scalar_one_or_none() or ())


def list_of(session: Session, user_id: UUID) -> list[Consent]:
    """What this person has allowed, by client."""
    return list(session.scalars(select(Consent).where(Consent.user_id == user_id).order_by(Consent.client_id)))


def give(session: Session, user_id: UUID, client_id: str, scopes: Set[str]) -> None:
    """Remember that a person allowed a client these scopes, besides what they allowed before."""
    now = clock.now()
    values = {"user_id": user_id, "client_id": client_id, "scopes": sorted(scopes), "given_at": now}
    known = None
    while known is None:
        if insert_if_absent(session, Consent, values):
            return
        # None if it was withdrawn just now.
        known = session.get(Consent, (user_id, client_id), with_for_update=True, populate_existing=True)
    known.scopes = sorted(set(known.scopes) | scopes)
    known.given_at = now
    session.flush()


def forget(session: Session, user_id: UUID, client_id: str) -> bool:
    """Forget a consent; whether there was one. `tokens.revoking.withdraw_consent` also ends what rests on it."""
    of_both = delete(Consent).where(Consent.user_id == user_id, Consent.client_id == client_id)
    return affected(session.execute(of_both)) == 1
