"""The outbox: letters put in, claimed by one worker at a time, and settled."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from oidc_server.foundation import clock
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.encoding import compact_json
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.mail.letter import Letter
from oidc_server.foundation.mail.models import Mail
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected, remove_in_batches, table

#: The waits after each try that failed; the last one is repeated until the mail has expired.
WAITS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=4),
)
_PAUSE = timedelta(seconds=30)
_KEPT_AFTER = timedelta(days=2)
_PURPOSE = "mail"

_INSERT = insert(table(Mail))
_DUE = (
    select(Mail.__table__)
    .where(Mail.due_at <= bindparam("now", type_=Mail.due_at.type))
    .order_by(Mail.due_at)
    .limit(bindparam("count"))
)


@dataclass(frozen=True)
class Parcel:
    """A mail that this worker, and no other, tries to send now."""

    id: UUID
    kind: str
    created_at: datetime
    expires_at: datetime
    attempts: int
    """How often it was tried, this time included."""
    sealed_letter: bytes


def add(
    session: Session, sealing: Sealing, kind: str, letter: Letter, *, expires_at: datetime, to_nobody: bool = False
) -> None:
    """Put a letter in, in this transaction. One `to_nobody` costs the same and is never sent.

    No bell is rung: sending takes a worker's time, and the next answer must not tell by its delay that a mail was sent.
    """
    now, mail_id = clock.now(), new_id()
    values = {
        "id": mail_id,
        "kind": kind,
        "sealed_letter": sealing.seal(_PURPOSE, compact_json(asdict(letter)), mail_id.bytes),
        "created_at": now,
        "expires_at": now if to_nobody else expires_at,
        "due_at": None if to_nobody else now,
        "attempts": 0,
        "done_at": now if to_nobody else None,
    }
    session.execute(_INSERT, values)


def open_letter(sealing: Sealing, mail_id: UUID, sealed_letter: bytes) -> Letter:
    """The letter that was put in; ValueError if it was not sealed here."""
    return Letter(**json.loads(sealing.open(_PURPOSE, sealed_letter, mail_id.bytes)))


def claim(handle: Handle, count: int, lease: timedelta) -> list[Parcel]:
    """At most so many mails that are due; for the time of the lease they are nobody else's."""
    now = clock.now()
    rows = handle.execute(_DUE, {"now": now, "count": count}).all()
    return [
        Parcel(row.id, row.kind, row.created_at, row.expires_at, row.attempts + 1, row.sealed_letter or b"")
        for row in rows
        if _take(handle, row.id, row.due_at, now + lease)
    ]


def settle(session: Session, parcel: Parcel, error: str | None = None) -> None:
    """It is done: sent, or given up for this reason. Nothing of the letter is kept."""
    _write(session, parcel, due_at=None, done_at=clock.now(), sealed_letter=None, last_error=error)


def try_again(session: Session, parcel: Parcel, error: str) -> None:
    """It failed and is tried again after a wait."""
    _write(session, parcel, due_at=clock.now() + _wait(parcel), last_error=error)


def postpone(session: Session, parcel: Parcel, error: str) -> None:
    """It could not even be tried: that counts for nothing."""
    _write(session, parcel, due_at=clock.now() + _PAUSE, last_error=error, attempts=parcel.attempts - 1)


def is_last(parcel: Parcel) -> bool:
    """Whether it will have expired before it could be tried again."""
    return clock.now() + _wait(parcel) >= parcel.expires_at


def has_expired(parcel: Parcel) -> bool:
    """Whether it helps nobody any more."""
    return clock.now() >= parcel.expires_at


def newest(session: Session, count: int) -> list[Mail]:
    """The mails that were put in last and can still be read, for the mailbox of a development server."""
    readable = (Mail.sealed_letter.is_not(None), Mail.expires_at > Mail.created_at)
    return list(session.scalars(select(Mail).where(*readable).order_by(Mail.created_at.desc()).limit(count)))


def remove_old(database: Database) -> int:
    """Forget mails that were done, or left lying, for days; how many."""
    return remove_in_batches(database, Mail.id, Mail.expires_at < clock.now() - _KEPT_AFTER)


def _wait(parcel: Parcel) -> timedelta:
    return WAITS[min(parcel.attempts, len(WAITS)) - 1]


def _take(handle: Handle, mail_id: UUID, seen: datetime, until: datetime) -> bool:
    """Claim one: of many workers that saw it due, the one whose UPDATE still finds it so."""
    values = {"due_at": until, "attempts": Mail.attempts + 1}
    return affected(handle.execute(update(Mail).where(Mail.id == mail_id, Mail.due_at == seen).values(values))) == 1


def _write(session: Session, parcel: Parcel, **values: object) -> None:
    session.execute(update(Mail).where(Mail.id == parcel.id).values(values))
