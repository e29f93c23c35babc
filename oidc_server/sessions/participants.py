"""Participants: which clients took part in a session, and so must hear of its end."""

from uuid import UUID

from sqlalchemy import bindparam, select

from oidc_server.foundation import clock
from oidc_server.foundation.database import Handle
from oidc_server.foundation.statements import insert_if_absent
from oidc_server.sessions.models import SessionClient

_LIST = (
    select(SessionClient.client_id)
    .where(SessionClient.session_id == bindparam("session_id"))
    .order_by(SessionClient.first_grant_at, SessionClient.client_id)
)


def note(handle: Handle, session_id: UUID, client_id: str) -> None:
    """Remember that a client got a grant in this session."""
    values = {"session_id": session_id, "client_id": client_id, "first_grant_at": clock.now()}
    insert_if_absent(handle, SessionClient, values)


def list_of(handle: Handle, session_id: UUID) -> list[str]:
    """The clients that took part in a session, by id, the first one first."""
    return [row.client_id for row in handle.execute(_LIST, {"session_id": session_id})]
