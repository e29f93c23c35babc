"""Ways in: what a person can sign in with; the last one is never taken away."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oidc_server.accounts import factors
from oidc_server.accounts.models import Passkey, User
from oidc_server.consents import memory
from oidc_server.federation import identities


def hand_over(session: Session, user_id: UUID) -> None:
    """Take away every way in but the password, and every consent, for the owner of an account's address.

    Whoever had been in it until now had never shown that the address is theirs.
    """
    for consent in memory.list_of(session, user_id):
        memory.forget(session, user_id, consent.client_id)
    factors.remove_all(session, user_id)
    identities.remove_all(session, user_id)


def has_another(
    session: Session, user_id: UUID, *, than_passkey: UUID | None = None, than_identity: UUID | None = None
) -> bool:
    """Whether they can sign in without this passkey, or without this account elsewhere.

    Their row is locked, so that of two ways taken away at once one stays.
    """
    locked = select(User.password_hash).where(User.id == user_id).with_for_update()
    if session.execute(locked).scalar_one_or_none() is not None:
        return True
    others = select(func.count()).where(Passkey.user_id == user_id)
    if than_passkey is not None:
        others = others.where(Passkey.id != than_passkey)
    return bool(session.scalar(others)) or identities.has_another(session, user_id, than_identity)
