"""The current person: who is signed in on the browser that asks."""

from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from sqlalchemy import bindparam, select

from oidc_server.accounts.models import User
from oidc_server.foundation import negotiation
from oidc_server.foundation.database import Handle
from oidc_server.foundation.statements import table
from oidc_server.sessions.ledger import Ledger
from oidc_server.sessions.models import BrowserSession

_OF_SESSION = tuple(column.name for column in table(BrowserSession).columns)
_OF_USER = tuple(column.name for column in table(User).columns)
_FIND = (
    select(BrowserSession.__table__, User.__table__)
    .join_from(BrowserSession, User, User.id == BrowserSession.user_id)
    .where(BrowserSession.id == bindparam("session_id"), User.disabled_at.is_(None))
)


class Ids(TypedDict):
    """What the audit trail says of a person."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True)
class Current:
    """A person and their session."""

    user: User
    session: BrowserSession

    @property
    def ids(self) -> Ids:
        """Who they are, for the audit trail."""
        return {"user_id": self.user.id, "session_id": self.session.id}


def find(handle: Handle, ledger: Ledger, cookie: str | None) -> Current | None:
    """Who this session cookie stands for, if the session lives and the user may act."""
    session_id = ledger.names(cookie)
    row = handle.execute(_FIND, {"session_id": session_id}).first() if session_id else None
    if row is None:
        return None
    session = BrowserSession(**dict(zip(_OF_SESSION, row, strict=False)))
    if not ledger.knows(cookie, session):
        return None
    user = User(**dict(zip(_OF_USER, row[len(_OF_SESSION) :], strict=True)))
    negotiation.note_profile(user.claims.get("locale"))
    return Current(user, session)
