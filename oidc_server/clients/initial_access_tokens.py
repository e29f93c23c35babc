"""Initial access tokens: an operator's leave to register so many clients (RFC 7591 §3), each use spent once."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from oidc_server.clients.models import InitialAccessToken
from oidc_server.foundation import clock
from oidc_server.foundation.database import Handle
from oidc_server.foundation.encoding import b64url, from_b64url
from oidc_server.foundation.identifiers import new_id, new_secret
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected

PURPOSE = "initial access token"
_ID_BYTES = 16
_BYTES = _ID_BYTES + 32


def create(session: Session, sealing: Sealing, *, uses: int, lasts_for: timedelta) -> tuple[str, datetime]:
    """A new token, the only time anybody sees it, and when it expires."""
    token_id = new_id()
    token = b64url(token_id.bytes + from_b64url(new_secret()))
    now = clock.now()
    session.add(
        InitialAccessToken(
            id=token_id,
            token_hash=sealing.fingerprint(PURPOSE, token),
            uses_left=uses,
            created_at=now,
            expires_at=now + lasts_for,
        )
    )
    return token, now + lasts_for


def recognise(handle: Handle, sealing: Sealing, token: str) -> UUID | None:
    """The id of a token that is ours and still good for a registration."""
    token_id = _id_of(token)
    if token_id is None:
        return None
    row = handle.execute(
        select(InitialAccessToken.token_hash).where(InitialAccessToken.id == token_id, _is_good())
    ).first()
    return token_id if row and sealing.recognises(PURPOSE, token, row.token_hash) else None


def spend(session: Session, token_id: UUID) -> bool:
    """Use a token once; False if it has expired or its uses are over, also by somebody else a moment ago."""
    spent = update(InitialAccessToken).where(InitialAccessToken.id == token_id, _is_good())
    return affected(session.execute(spent.values(uses_left=InitialAccessToken.uses_left - 1))) == 1


def remove_old(session: Session) -> int:
    """Forget tokens that nobody can use any more; how many."""
    is_over = or_(InitialAccessToken.expires_at <= clock.now(), InitialAccessToken.uses_left <= 0)
    return affected(session.execute(delete(InitialAccessToken).where(is_over)))


def _is_good() -> ColumnElement[bool]:
    return and_(InitialAccessToken.uses_left > 0, InitialAccessToken.expires_at > clock.now())


def _id_of(token: str) -> UUID | None:
    try:
        raw = from_b64url(token)
    except ValueError:
        return None
    return UUID(bytes=raw[:_ID_BYTES]) if len(raw) == _BYTES else None
