"""The roster: everybody who is signed in on one browser, and which of them acts there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.current import Current
from oidc_server.foundation.database import Handle
from oidc_server.sessions.ledger import Ledger

AT_MOST = 5


@dataclass(frozen=True)
class Roster:
    """The people of a browser, as its cookies name them and the database knows them."""

    acting: Current | None = None
    others: tuple[Current, ...] = ()
    """Who may act without proving again who they are; the one who acted last comes first."""
    over: tuple[Current, ...] = ()
    """Whose session is over: nobody used it for too long, or it was ended elsewhere."""

    @property
    def people(self) -> tuple[Current, ...]:
        """Everybody who is signed in, the one who acts first."""
        return (self.acting, *self.others) if self.acting else self.others

    @property
    def idle(self) -> tuple[Current, ...]:
        """Whose session nobody has ended, but nobody has used for too long either."""
        return tuple(person for person in self.over if person.session.ended_at is None)

    def find(self, session_id: UUID) -> Current | None:
        """Who is signed in by this session."""
        return next((person for person in self.people if person.session.id == session_id), None)

    def led_by(self, person: Current) -> "Roster":
        """The same people, of whom this one acts from now on."""
        others = tuple(one for one in self.people if one.user.id != person.user.id)
        return Roster(person, others)

    def without(self, gone: Sequence[Current]) -> "Roster":
        """The people who are left when some are gone; nobody takes the place of the one who acted."""
        ids = {person.session.id for person in gone}
        acting = self.acting if self.acting and self.acting.session.id not in ids else None
        return Roster(acting, tuple(one for one in self.others if one.session.id not in ids))


def read(handle: Handle, ledger: Ledger, cookie: str | None, others: Sequence[str]) -> Roster:
    """The people whom a browser's cookies name; users who may not act are nobody."""
    sessions = ledger.find_all(handle, [*filter(None, [cookie]), *others])
    users = directory.get_all(handle, {session.user_id for session in sessions})
    people = [Current(users[session.user_id], session) for session in sessions if session.user_id in users]
    live = [person for person in people if ledger.is_live(person.session)]
    first = ledger.names(cookie)
    return Roster(
        next((person for person in live if person.session.id == first), None),
        tuple(person for person in live if person.session.id != first),
        tuple(person for person in people if not ledger.is_live(person.session)),
    )


def settle(session: Session, before: Roster, after: Roster) -> Roster:
    """What the cookies are to hold: five people at most, all of them signed in.

    Whoever leaves the cookies is signed out, because nobody could sign out of that session there any more.
    """
    kept = replace(after, others=after.others[: AT_MOST - 1])
    for person in (*before.people, *before.over):
        if kept.find(person.session.id) is None:
            directory.end_session(session, person.session)
    return kept
