"""The current person: who is signed in on the browser that asks."""

from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from oidc_server.accounts import directory
from oidc_server.accounts.models import User
from oidc_server.foundation import negotiation
from oidc_server.foundation.database import Handle
from oidc_server.sessions.ledger import Ledger
from oidc_server.sessions.models import BrowserSession


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
    session = ledger.find(handle, cookie)
    user = directory.get(handle, session.user_id) if session else None
    if user is not None:
        negotiation.note_profile(user.claims.get("locale"))
    return Current(user, session) if session and user else None
