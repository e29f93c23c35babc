"""Links: what a mail leads to. Each works once, for one purpose, and for a while; a newer one takes its place.

The token is derived from the row's id and a MAC, so that a copy of the database opens nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.models import Link, User
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database, Handle
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.statements import affected, put, remove_in_batches

PARAMETER = "token"
_STATE = "link state"
_KEPT_AFTER = timedelta(days=1)
_FIND = select(Link.__table__)
_DEAD = N_("This link has been used, has expired, or was replaced by a newer one.")


class Purpose(StrEnum):
    """What a link is for; the path of the page that it leads to."""

    VERIFY_EMAIL = "verify-email"
    RESET_PASSWORD = "reset-password"
    CHANGE_EMAIL = "confirm-email"
    INVITATION = "signup"


class LinkIsDead(Refused):
    """The link was used, has expired, was replaced, was never ours, or things have changed since it was sent."""


@dataclass(frozen=True)
class Asking:
    """Where a link was asked for, so that the person can go on there."""

    browser: str | None = None
    sealed_interaction: str | None = None


@dataclass(frozen=True)
class Made:
    """A new link."""

    token: str
    expires_at: datetime


class Links:
    """Makes and spends them."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def make(
        self,
        session: Session,
        purpose: Purpose,
        email: str,
        lifetime: timedelta,
        *,
        user: User | None = None,
        asking: Asking | None = None,
    ) -> Made:
        """A link for a user, or for whoever holds an address; earlier ones of the same purpose are dead."""
        now, link_id = clock.now(), uuid4()
        where = asking or Asking()
        values = {
            "id": link_id,
            "purpose": str(purpose),
            "subject": user.id.hex if user else directory.key(email),
            "user_id": user.id if user else None,
            "email": email,
            "state": self._sealing.fingerprint(_STATE, _state(purpose, user)),
            "browser": where.browser,
            "sealed_interaction": where.sealed_interaction,
            "created_at": now,
            "expires_at": now + lifetime,
            "used_at": None,
        }
        put(session, Link, ["purpose", "subject"], values)
        return Made(self._sealing.stamp(f"link {purpose}", link_id.bytes), now + lifetime)

    def make_for_nobody(self, session: Session, purpose: Purpose, lifetime: timedelta) -> Made:
        """A link that leads nowhere, so that nobody can tell by the time it takes whether there is such an account."""
        made = self.make(session, purpose, f"nobody-{uuid4()}", lifetime)
        return Made("x" * len(made.token), made.expires_at)

    def find(self, handle: Handle, purpose: Purpose, token: str) -> Link:
        """The link, as long as it may work; LinkIsDead otherwise. It isn't spent."""
        try:
            link_id = UUID(bytes=self._sealing.stamped(f"link {purpose}", token))
        except ValueError as error:
            raise LinkIsDead(_DEAD, because="not a link of ours for this") from error
        row = handle.execute(_FIND.where(Link.id == link_id)).first()
        link = Link(**row._mapping) if row else None
        if link is None or link.used_at is not None:
            raise LinkIsDead(_DEAD, because="used, replaced or forgotten")
        if link.expires_at <= clock.now():
            raise LinkIsDead(_DEAD, because="expired")
        return link

    def spend(self, session: Session, purpose: Purpose, token: str) -> tuple[Link, User | None]:
        """Spend the link in this transaction; whose it is. LinkIsDead if it is, or if its user has changed meanwhile."""
        link = self.find(session, purpose, token)
        user = directory.hold(session, link.user_id) if link.user_id else None
        if link.user_id is not None and user is None:
            raise LinkIsDead(_DEAD, because="its user is disabled")
        if not self._sealing.recognises(_STATE, _state(purpose, user), link.state):
            raise LinkIsDead(_DEAD, because="the user's password or address has changed meanwhile")
        unspent = update(Link).where(Link.id == link.id, Link.used_at.is_(None), Link.expires_at > clock.now())
        if affected(session.execute(unspent.values(used_at=clock.now()))) != 1:
            raise LinkIsDead(_DEAD, because="somebody was faster")
        return link, user


def remove_old(database: Database) -> int:
    """Forget links that have expired; how many."""
    return remove_in_batches(database, Link.id, Link.expires_at < clock.now() - _KEPT_AFTER)


def _state(purpose: Purpose, user: User | None) -> str:
    """What must be as it was when the link was made."""
    if user is None:
        return ""
    if purpose == Purpose.VERIFY_EMAIL:
        return f"{user.email_key}"
    state = f"{user.email_key} {user.password_hash}"
    if purpose == Purpose.CHANGE_EMAIL and user.cut_off_at is not None:
        # It may have been asked for by a thief, whose sessions were ended: so is this.
        state += f" {user.cut_off_at.isoformat()}"
    return state
