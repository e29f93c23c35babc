"""Signing up: people make their own accounts. Nobody learns whether there is an account for an address."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from oidc_server.accounts import directory, pictures, ways_in
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.links import Asking, LinkIsDead, Links, Purpose
from oidc_server.accounts.mail_limits import MailLimits
from oidc_server.accounts.models import User
from oidc_server.accounts.password_rules import PasswordRules
from oidc_server.accounts.passwords import Passwords
from oidc_server.audit import history, trail
from oidc_server.audit.events import Event
from oidc_server.foundation import clock
from oidc_server.foundation.database import Database, wait
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.mail.letter import BadAddress, read_address
from oidc_server.foundation.statements import affected, table
from oidc_server.settings.model import Settings

_AT_ONCE = 100
NO_ADDRESS = N_("This is not an e-mail address.")
NO_TERMS = N_("Please agree to the terms.")
HAS_ACCOUNT = N_("There is an account with this address already. Please sign in.")


class SignUpRefused(Refused):
    """What was filled in can't be taken; `field` is where to look."""

    def __init__(self, told: str, *, field: str) -> None:
        super().__init__(told)
        self.field = field


@dataclass(frozen=True)
class Wish:
    """What somebody filled in to sign up."""

    email: str
    password: str = field(repr=False)
    accepts_terms: bool
    neighbourhood: str
    asking: Asking


class SignUp:
    """Makes accounts for those who ask for one."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        passwords: Passwords,
        rules: PasswordRules,
        limits: MailLimits,
        links: Links,
        letters: Letters,
    ) -> None:
        self._settings = settings.sign_up
        self._needs_verified = settings.needs_verified_email
        self._lifetimes = settings.links
        self._database = database
        self._passwords = passwords
        self._rules = rules
        self._limits = limits
        self._links = links
        self._letters = letters

    def ask(self, wish: Wish) -> None:
        """Make an account that waits for its address to be confirmed, or write to the one who has it; call it inside
        `Database.run`. Raises SignUpRefused, BadPassword, TooManyMails, Unavailable.
        """
        email = _address(wish.email)
        self._limits.count(wish.neighbourhood)
        password_hash, terms = self._prepare(email, wish.password, accepts_terms=wish.accepts_terms)
        may_write = self._limits.allow(directory.key(email))
        with self._database.transaction() as session:
            if not may_write:
                self._answer(session, None)
                return
            user, is_waiting = self._user(session, email, password_hash, terms)
            if user is None or not is_waiting:
                self._answer(session, user)
                return
            made = self._links.make(
                session, Purpose.VERIFY_EMAIL, email, self._lifetimes.verify_email, user=user, asking=wish.asking
            )
            self._letters.send_link(session, "verify_email", email, Purpose.VERIFY_EMAIL, made, reader=user)

    def invited(self, token: str) -> str:
        """The address that was invited; LinkIsDead if nobody is any more. Call it inside `Database.run`."""
        with self._database.autocommit() as connection:
            return self._links.find(connection, Purpose.INVITATION, token).email

    def accept(self, token: str, password: str, *, accepts_terms: bool) -> User:
        """Make the account of somebody who was invited: the link has proven the address. Call it inside `Database.run`."""
        email = self.invited(token)
        password_hash, terms = self._prepare(email, password, accepts_terms=accepts_terms)
        with self._database.transaction() as session:
            self._links.spend(session, Purpose.INVITATION, token)
            values = {**terms, "email_verified": True}
            user = directory.reserve(session, email, password_hash=password_hash, **values)
            if user is None:
                user = _take_over(session, email, password_hash=password_hash, **values)
            trail.record(session, Event.SIGNED_UP, user_id=user.id)
            trail.record(session, Event.EMAIL_VERIFIED, user_id=user.id)
            return user

    def invite(self, session: Session, email: str) -> None:
        """Invite somebody; SignUpRefused if that is no address, or one that has an account.

        One whose address nobody has confirmed is in nobody's way: whoever made it may be anybody.
        """
        address = _address(email)
        known = directory.find(session, address)
        if known is not None and not is_nobodys(known):
            raise SignUpRefused(HAS_ACCOUNT, field="email")
        made = self._links.make(session, Purpose.INVITATION, address, self._lifetimes.invitation)
        self._letters.send_link(session, "invitation", address, Purpose.INVITATION, made, reader=None)
        trail.record(session, Event.USER_INVITED)

    def _prepare(self, email: str, password: str, *, accepts_terms: bool) -> tuple[str, dict[str, Any]]:
        """The hash and the agreement to keep. An address that is taken costs the same time."""
        terms: dict[str, Any] = {}
        if self._settings.terms_url is not None:
            if not accepts_terms:
                raise SignUpRefused(NO_TERMS, field="terms")
            terms = {"terms_version": self._settings.terms_version, "terms_accepted_at": clock.now()}
        wait(self._rules.check(password, [email]))
        return wait(self._passwords.hash(password)), terms

    def _user(
        self, session: Session, email: str, password_hash: str, terms: dict[str, Any]
    ) -> tuple[User | None, bool]:
        """Whose account has this address, new or not, and whether it waits for whoever asks now to confirm that.

        One that is new and one that is taken cost the same: each statement more could be told by its time.
        """
        user = directory.reserve(session, email, password_hash=password_hash, unconfirmed_since=clock.now(), **terms)
        if user is not None:
            trail.record(session, Event.SIGNED_UP, user_id=user.id)
            return user, True
        known = directory.find(session, email)
        # Nobody has ever been in it, so whoever asked first has no right to it: the last password counts, and the
        # owner of the mailbox decides. Where people may sign in unconfirmed, this would be a way into their accounts.
        if known is None or known.unconfirmed_since is None or not self._needs_verified:
            return known, False
        still_waits = (User.id == known.id, User.unconfirmed_since.is_not(None), User.disabled_at.is_(None))
        chosen = {"password_hash": password_hash, "updated_at": clock.now(), **terms}
        return known, affected(session.execute(update(table(User)).where(*still_waits).values(chosen))) == 1

    def _answer(self, session: Session, known: User | None) -> None:
        """Write to whoever has the address; to nobody where there is nobody, or they may not be written to."""
        self._links.make_for_nobody(session, Purpose.VERIFY_EMAIL, self._lifetimes.verify_email)
        is_open = known is not None and known.disabled_at is None
        to = known.email if known is not None and is_open else None
        self._letters.send_word(session, "have_account", to, "login", reader=known)


def is_nobodys(user: User) -> bool:
    """Whether an account waits for its address to be confirmed, so that whoever made it may be anybody."""
    return user.unconfirmed_since is not None and user.disabled_at is None


def _take_over(session: Session, email: str, **values: Any) -> User:
    """The account that waits for this address to be confirmed, for its true owner; LinkIsDead if none waits any more.

    Nothing of what somebody else has put in place to come back by is left.
    """
    known = directory.find(session, email)
    held = directory.hold(session, known.id) if known else None
    if held is None or not is_nobodys(held):
        raise LinkIsDead(HAS_ACCOUNT)
    directory.end_everything(session, held.id)
    ways_in.hand_over(session, held.id)
    pictures.remove(session, held.id)
    directory.update_user(session, held.id, unconfirmed_since=None, claims={}, **values)
    return held


def remove_unconfirmed(database: Database, kept_for: timedelta) -> int:
    """Remove accounts that nobody confirmed for so long, each in a transaction of its own; how many."""
    removed = 0
    while True:
        with database.transaction() as session:
            doomed = list(session.scalars(select(User.id).where(*_is_doomed(kept_for)).limit(_AT_ONCE)))
        for user_id in doomed:
            with database.transaction() as session:
                removed += _remove(session, user_id, *_is_doomed(kept_for))
        if len(doomed) < _AT_ONCE:
            return removed


def make_way(session: Session, user_id: UUID) -> None:
    """Remove an account that still waits, for somebody who has shown that its address is theirs."""
    _remove(session, user_id, User.unconfirmed_since.is_not(None), User.disabled_at.is_(None))


def _remove(session: Session, user_id: UUID, *still: Any) -> int:
    gone = affected(session.execute(delete(User).where(User.id == user_id, *still)))
    if gone:
        trail.record(session, Event.USER_EXPIRED, user_id=user_id)
        history.anonymise(session, user_id)
    return gone


def _is_doomed(kept_for: timedelta) -> tuple[Any, ...]:
    return (User.unconfirmed_since < clock.now() - kept_for,)


def _address(text: str) -> str:
    try:
        return read_address(text)
    except BadAddress as error:
        raise SignUpRefused(NO_ADDRESS, field="email") from error
