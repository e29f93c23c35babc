"""Deletion: a person leaves. First nothing can be done with the account any more; after a while nothing of it is left."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import case, func, literal, null, select, update
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import User
from oidc_server.audit import history, trail
from oidc_server.audit.events import Event
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database
from oidc_server.foundation.statements import affected

_AT_ONCE = 50


def delete(session: Session, user_id: UUID) -> None:
    """Close an account: it can do no more than a disabled user. Its names stay taken until it is erased."""
    now = clock.now()
    closed = update(User).where(User.id == user_id, User.deleted_at.is_(None))
    disabled_at = func.coalesce(User.disabled_at, literal(now, User.disabled_at.type))
    if affected(session.execute(closed.values(deleted_at=now, disabled_at=disabled_at, updated_at=now))) == 1:
        directory.end_everything(session, user_id)
        trail.record(session, Event.ACCOUNT_DELETED, user_id=user_id)


def restore(session: Session, user_id: UUID) -> bool:
    """Give a deleted account back; whether it was one. If an operator has disabled it, before or since, it stays so."""
    open_again = update(User).where(User.id == user_id, User.deleted_at.is_not(None))
    disabled_at = case((User.disabled_at == User.deleted_at, null()), else_=User.disabled_at)
    values = {"deleted_at": None, "disabled_at": disabled_at, "updated_at": clock.now()}
    if affected(session.execute(open_again.values(values))) != 1:
        return False
    trail.record(session, Event.USER_RESTORED, user_id=user_id)
    return True


def erase_old(database: Database, kept_for: timedelta) -> int:
    """Erase accounts that were deleted long enough ago, each in a transaction of its own; how many."""
    erased = 0
    while True:
        doomed = _doomed(database, kept_for)
        for user_id in doomed:
            erased += _erase(database, user_id, kept_for)
        if len(doomed) < _AT_ONCE:
            return erased


def _doomed(database: Database, kept_for: timedelta) -> list[UUID]:
    long_ago = clock.now() - kept_for
    with database.transaction() as session:
        return list(session.scalars(select(User.id).where(User.deleted_at < long_ago).limit(_AT_ONCE)))


def _erase(database: Database, user_id: UUID, kept_for: timedelta) -> int:
    """Everything that names the user goes with their row; the trail keeps what happened, and forgets where from."""
    still_doomed = (User.id == user_id, User.deleted_at < clock.now() - kept_for)
    with database.transaction() as session:
        if affected(session.execute(delete_rows(User).where(*still_doomed))) != 1:
            return 0
        trail.record(session, Event.USER_ERASED, user_id=user_id)
        history.anonymise(session, user_id)
        return 1
