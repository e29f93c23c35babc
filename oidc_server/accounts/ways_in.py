"""Ways in: what a person can sign in with; the last one is never taken away."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from oidc_server.accounts.models import Passkey, User
from oidc_server.federation import identities


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
