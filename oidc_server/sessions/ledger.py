"""The ledger of sessions: started, found by their cookie, renewed, ended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from oidc_server.foundation import clock
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected, remove_in_batches, table
from oidc_server.sessions.models import BrowserSession
from oidc_server.settings.protocol import LifetimeSettings

_PURPOSE = "session"
SEEN_EVERY = timedelta(minutes=1)
#: When somebody proved who they are whom another provider let in without saying when: too long ago for every demand.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_FIND_ALL = select(BrowserSession.__table__).where(BrowserSession.id.in_(bindparam("session_ids", expanding=True)))
_INSERT = insert(table(BrowserSession))


@dataclass(frozen=True)
class Proof:
    """How a person proved who they are."""

    acr: str
    amr: tuple[str, ...]
    at: datetime | None = None
    """When, if it was not just now."""


class Ledger:
    """Every session, and the cookies that name them."""

    def __init__(self, sealing: Sealing, lifetimes: LifetimeSettings) -> None:
        self._sealing = sealing
        self._lifetimes = lifetimes

    def start(self, session: Session, user_id: UUID, proof: Proof, *, address: str, user_agent: str) -> BrowserSession:
        """Begin a new session: never continue one that somebody else may have planted in the browser."""
        now = clock.now()
        values = {
            "id": new_id(),
            "user_id": user_id,
            "generation": 0,
            "authenticated_at": proof.at or now,
            "acr": proof.acr,
            "amr": list(proof.amr),
            "created_at": now,
            "last_seen_at": now,
            "idle_expires_at": now + self._lifetimes.session_idle,
            "expires_at": now + self._lifetimes.session,
            "address": address,
            "user_agent": user_agent[:300],
        }
        session.execute(_INSERT, values)
        return BrowserSession(**values)

    def renew(self, session: Session, known: BrowserSession, proof: Proof) -> None:
        """The same person proved again who they are: the session lives on under a new cookie."""
        now = clock.now()
        values = {
            "generation": known.generation + 1,
            "authenticated_at": max(known.authenticated_at, proof.at or now),
            "last_seen_at": now,
            "idle_expires_at": now + self._lifetimes.session_idle,
            "expires_at": now + self._lifetimes.session,
            "acr": proof.acr,
            "amr": list(proof.amr),
        }
        session.execute(update(BrowserSession).where(BrowserSession.id == known.id).values(values))
        for name, value in values.items():
            setattr(known, name, value)

    def strengthen(self, session: Session, known: BrowserSession, proof: Proof) -> None:
        """The same person proved more: a new cookie, but neither a new sign-in nor a longer life."""
        now = clock.now()
        values = {
            "generation": known.generation + 1,
            "last_seen_at": now,
            "idle_expires_at": now + self._lifetimes.session_idle,
            "acr": proof.acr,
            "amr": list(proof.amr),
        }
        session.execute(update(BrowserSession).where(BrowserSession.id == known.id).values(values))
        for name, value in values.items():
            setattr(known, name, value)

    def cookie(self, known: BrowserSession) -> str:
        """What the browser is given."""
        return self._sealing.stamp(_PURPOSE, known.id.bytes + known.generation.to_bytes(4))

    def browser_state(self, cookie: str | None, others: Sequence[str] = ()) -> str:
        """What scripts may know of a browser's sessions: it changes when one begins or ends or another takes the lead.

        Nothing of them can be told from it; it is empty where there are none.
        """
        beside = sorted(found.hex for other in others if (found := self.names(other)))
        named = self.names(cookie)
        text = ",".join([named.hex if named else "", *beside])
        return self._sealing.fingerprint("browser state", text) if text else ""

    def knows(self, cookie: str | None, known: BrowserSession) -> bool:
        """Whether a cookie names this session, as it was last renewed, and it goes on."""
        return self._named(cookie) == (known.id, known.generation) and self.is_live(known)

    def find_all(self, handle: Handle, cookies: Iterable[str]) -> list[BrowserSession]:
        """The sessions that cookies name, in their order, over or not."""
        named = dict(found for cookie in cookies if (found := self._named(cookie)))
        if not named:
            return []
        rows = {row.id: row for row in handle.execute(_FIND_ALL, {"session_ids": list(named)})}
        known = [rows[session_id] for session_id in named if session_id in rows]
        return [BrowserSession(**row._mapping) for row in known if row.generation == named[row.id]]

    def names(self, cookie: str | None) -> UUID | None:
        """The id of the session that a cookie names, whatever has become of it."""
        named = self._named(cookie)
        return named[0] if named else None

    def is_live(self, known: BrowserSession) -> bool:
        """Whether a session goes on."""
        now = clock.now()
        return (
            known.ended_at is None
            and now < known.expires_at
            and now < known.last_seen_at + self._lifetimes.session_idle
        )

    def see(self, handle: Handle, known: BrowserSession) -> None:
        """Note that the browser was here; at most once a minute, so that most visits write nothing."""
        now = clock.now()
        if now - known.last_seen_at >= SEEN_EVERY:
            touch(handle, known.id, self._lifetimes.session_idle)

    def _named(self, cookie: str | None) -> tuple[UUID, int] | None:
        try:
            data = self._sealing.stamped(_PURPOSE, cookie or "")
        except ValueError:
            return None
        return UUID(bytes=data[:16]), int.from_bytes(data[16:])


def touch(handle: Handle, session_id: UUID, idle: timedelta) -> None:
    """Note that a session is in use: by its browser, or by a client that refreshes its tokens."""
    now = clock.now()
    seen = {"last_seen_at": now, "idle_expires_at": now + idle}
    handle.execute(update(BrowserSession).where(BrowserSession.id == session_id).values(seen))


def end(session: Session, session_id: UUID) -> bool:
    """End a session; whether it was still going on."""
    going_on = (BrowserSession.id == session_id, BrowserSession.ended_at.is_(None))
    return affected(session.execute(update(BrowserSession).where(*going_on).values(ended_at=clock.now()))) == 1


def end_all_of(session: Session, user_id: UUID) -> int:
    """End every session of a user; how many were going on."""
    going_on = (BrowserSession.user_id == user_id, BrowserSession.ended_at.is_(None))
    return affected(session.execute(update(BrowserSession).where(*going_on).values(ended_at=clock.now())))


def remove_old(database: Database) -> int:
    """Forget, in small batches, sessions that have ended or expired; how many."""
    now = clock.now()
    is_over = (BrowserSession.expires_at < now) | (BrowserSession.ended_at < now - timedelta(days=1))
    return remove_in_batches(database, BrowserSession.id, is_over)


def forget_addresses(database: Database, kept_for: timedelta) -> int:
    """Forget where from, and with which browser, sessions were used that ended long enough ago; of how many."""
    is_known = or_(BrowserSession.address.is_not(None), BrowserSession.user_agent.is_not(None))
    over = (BrowserSession.ended_at < clock.now() - kept_for, is_known)
    with database.autocommit() as connection:
        return affected(connection.execute(update(BrowserSession).where(*over).values(address=None, user_agent=None)))


def list_open(session: Session, user_id: UUID) -> list[BrowserSession]:
    """A user's sessions that nobody has ended, also those that nobody used for long."""
    open_ones = (BrowserSession.user_id == user_id, BrowserSession.ended_at.is_(None))
    return list(session.scalars(select(BrowserSession).where(*open_ones)))


def hold(session: Session, session_id: UUID, *, alone: bool = False) -> bool:
    """Whether a session goes on; whoever would end it waits until this transaction is over, and then finds what it made.

    Others may hold it at the same time, unless this transaction is to hold it `alone`.
    """
    goes_on = select(BrowserSession.id).where(BrowserSession.id == session_id, BrowserSession.ended_at.is_(None))
    return session.execute(goes_on.with_for_update(read=not alone)).first() is not None


def list_live(session: Session, user_id: UUID) -> list[BrowserSession]:
    """A user's sessions that go on, the one used last first."""
    now = clock.now()
    idle = or_(BrowserSession.idle_expires_at.is_(None), BrowserSession.idle_expires_at > now)
    live = (BrowserSession.user_id == user_id, BrowserSession.ended_at.is_(None), BrowserSession.expires_at > now, idle)
    return list(session.scalars(select(BrowserSession).where(*live).order_by(BrowserSession.last_seen_at.desc())))
