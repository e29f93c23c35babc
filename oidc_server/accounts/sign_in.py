"""Signing in: the one way in which a password is checked, for the login page, the password grant and whatever comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from oidc_server.accounts import directory, factors, known_browsers, proofs
from oidc_server.accounts.known_browsers import KnownBrowser
from oidc_server.accounts.models import User
from oidc_server.accounts.passwords import Passwords
from oidc_server.accounts.proofs import Step
from oidc_server.accounts.upstream_people import UpstreamPeople
from oidc_server.audit.events import Event
from oidc_server.audit.trail import Trail
from oidc_server.federation.ldap import Directories
from oidc_server.federation.refusals import NotAdmitted
from oidc_server.foundation.database import Database, wait
from oidc_server.foundation.errors import Refused, Unavailable
from oidc_server.foundation.languages import N_
from oidc_server.foundation.rate_limits.throttle import Reserved, Throttle, Throttles
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.telemetry import metrics
from oidc_server.sessions.ledger import Proof
from oidc_server.settings.model import Settings

#: One factor (acr "1"), a password (RFC 8176 §2).
PASSWORD = Proof(proofs.ONE, ("pwd",))

_WRONG = N_("The user name or password is wrong.")
#: Told to everybody where people sign up: were it told for the right password alone, a stranger who signs up with somebody's
#: address, and then signs in, would learn whether it had an account.
_WRONG_OR_UNCONFIRMED = N_(
    "The user name or password is wrong. If you have just signed up, open the link in our mail first; sign up again to get a "
    "new one."
)
_ALONE = N_("A password alone is not enough for this account: sign in with a browser.")
_THROTTLED = N_("Too many failed attempts. Please wait a few minutes and try again.")


class WrongCredentials(Refused):
    """The user name or the password is wrong, or the user is disabled or unconfirmed: nobody is told which."""


class SecondFactorDue(Refused):
    """The password is right, and not enough; `step` says what this user must do next."""

    def __init__(self, user: User, step: Step) -> None:
        super().__init__(_ALONE, because=f"{step.value} due")
        self.user = user
        self.step = step


class TooManyAttempts(Refused):
    """Somebody failed too often; worth trying again after `retry_after` seconds."""

    def __init__(self, retry_after: int, *, because: str) -> None:
        super().__init__(_THROTTLED, because=because)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Attempt:
    """Somebody claims to be a user."""

    login: str
    password: str = field(repr=False)
    neighbourhood: str
    """Where the attempt comes from: an address, or an IPv6 network."""
    client_id: str | None = None
    known_as: Mapping[UUID, KnownBrowser] = field(default_factory=dict)
    """What the browser is called for the people who have signed in there before."""
    can_prove_more: bool = False
    """Whether whoever asks can go on with a second factor, so that a password alone has not failed."""


class SignIn:
    """Checks who somebody is."""

    def __init__(
        self,
        database: Database,
        sealing: Sealing,
        passwords: Passwords,
        directories: Directories,
        throttles: Throttles,
        settings: Settings,
        trail: Trail,
        upstream_people: UpstreamPeople,
    ) -> None:
        self._requires_confirmed = settings.needs_verified_email
        may_be_unconfirmed = settings.needs_verified_email and settings.sign_up_mode == "open"
        self._wrong = _WRONG_OR_UNCONFIRMED if may_be_unconfirmed else _WRONG
        self._database = database
        self._sealing = sealing
        self._passwords = passwords
        self._directories = directories
        self._throttles = throttles
        self._trail = trail
        self._upstream_people = upstream_people
        self._policy = settings.factors
        limits = settings.throttle
        self._per_user = Throttle("user", limits.user_failures, limits.window)
        self._per_address = Throttle("address", limits.address_failures, limits.window)

    def check(self, attempt: Attempt) -> User:
        """The user, if the password is theirs and they may act; call it inside `Database.run`.

        Raises WrongCredentials, TooManyAttempts, or Unavailable when too many others are waiting.
        """
        by_address = self._reserve(self._per_address, attempt.neighbourhood, attempt)
        try:
            with self._database.autocommit() as connection:
                user = directory.find(connection, attempt.login)
        except Unavailable:
            self._give_back(by_address)
            raise
        # One counter for all the names that one user goes by.
        by_user = self._reserve(self._per_user, self._counted(user, attempt), attempt)
        try:
            is_right, renewed = wait(self._passwords.verify(attempt.password, user.password_hash if user else None))
            if user is None or user.password_hash is None:
                user, is_right = self._ask_directories(attempt, user)
        except Unavailable:
            self._give_back(by_address, by_user)
            raise
        user = self._require(attempt, user, is_right)
        self._give_back(by_address)
        wait(self._throttles.forget(by_user))
        if renewed is not None:
            with self._database.transaction() as session:
                if directory.upgrade_password(session, user, renewed):
                    user.password_hash = renewed
        metrics.sign_ins.labels("succeeded").inc()
        return user

    def still_holds(self, session: Session, user: User, attempt: Attempt) -> None:
        """Raise WrongCredentials unless what was checked is still so, in the transaction that builds upon it."""
        if self._is_waiting(user):  # a passkey may be older than the rule that addresses are confirmed first
            raise self._refused(attempt, "unconfirmed address", user)
        if not directory.is_unchanged(session, user):
            raise self._refused(attempt, "changed meanwhile", user)

    def require_enough(self, session: Session, user: User, proof: Proof, attempt: Attempt) -> None:
        """Raise SecondFactorDue unless a proof lets this user in without a browser."""
        step = self.due(session, user, proof)
        if step is Step.NOTHING:
            return
        if not attempt.can_prove_more:
            self._note_refused(attempt, "second factor due", user)
        raise SecondFactorDue(user, step)

    def due(self, session: Session, user: User, proof: Proof) -> Step:
        """What a user must do after a proof, where no browser is trusted."""
        return factors.due(session, self._policy, user, proof)

    def _counted(self, user: User | None, attempt: Attempt) -> str:
        """Under which name failures count: of a user whom this browser knows, apart from what strangers try elsewhere.

        All that one user goes by counts together, so throttling can confirm a guess that two names are one person's:
        why that is accepted stands in docs/endpoints.md.
        """
        if user is None or self._is_waiting(user):
            # An account that somebody has just signed up for starts with no new tries: that would tell that it is new.
            return directory.key(attempt.login)
        return " ".join(filter(None, (str(user.id), known_browsers.name_of(self._sealing, attempt.known_as, user))))

    def _require(self, attempt: Attempt, user: User | None, is_right: bool) -> User:
        if user is None:
            raise self._refused(attempt, "unknown user")
        if not is_right:
            raise self._refused(attempt, "wrong password", user)
        if user.disabled_at is not None:
            raise self._refused(attempt, "disabled user", user)
        if self._is_waiting(user):
            raise self._refused(attempt, "unconfirmed address", user)
        return user

    def _is_waiting(self, user: User) -> bool:
        """Whether nobody can sign in to this account before its address is confirmed."""
        return user.unconfirmed_since is not None and self._requires_confirmed

    def _ask_directories(self, attempt: Attempt, user: User | None) -> tuple[User | None, bool]:
        """Whether an LDAP server knows the password of somebody who has none here, and who they are."""
        for known in self._directories.all():
            told = self._directories.check(known, attempt.login, attempt.password)
            if told is None:
                continue
            # Somebody here goes by this name: the password is theirs only if their account leads there.
            about = known.about if user is None else known.about.model_copy(update={"just_in_time": False})
            try:
                found = self._upstream_people.settle(about, told)
            except NotAdmitted as refusal:
                raise self._refused(attempt, refusal.because, user) from refusal
            return (found, True) if user is None or found.id == user.id else (user, False)
        return user, False

    def _reserve(self, throttle: Throttle, name: str, attempt: Attempt) -> Reserved:
        reserved = wait(self._throttles.reserve(throttle, name))
        if isinstance(reserved, Reserved):
            return reserved
        metrics.sign_ins.labels("throttled").inc()
        self._trail.note(
            Event.SIGN_IN_FAILED, client_id=attempt.client_id, reason=f"too many failures of one {throttle.kind}"
        )
        raise TooManyAttempts(reserved, because=f"too many failures of one {throttle.kind}")

    def _give_back(self, *reserved: Reserved) -> None:
        for one in reserved:
            wait(self._throttles.give_back(one))

    def _refused(self, attempt: Attempt, reason: str, user: User | None = None) -> WrongCredentials:
        self._note_refused(attempt, reason, user)
        return WrongCredentials(self._wrong, because=reason)

    def _note_refused(self, attempt: Attempt, reason: str, user: User | None) -> None:
        metrics.sign_ins.labels("failed").inc()
        self._trail.note(
            Event.SIGN_IN_FAILED, user_id=user.id if user else None, client_id=attempt.client_id, reason=reason
        )
