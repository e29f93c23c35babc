"""E-mail verification: a link in a mail proves that the address of an account is its owner's."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from oidc_server.accounts import directory
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.links import Links, Purpose
from oidc_server.accounts.mail_limits import MailLimits
from oidc_server.accounts.models import User
from oidc_server.accounts.passwords import Passwords
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Database, wait
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.settings.model import Settings

_WRONG = N_("The password is not the one that was chosen for this account.")


class WrongPassword(Refused):
    """Whoever confirms doesn't know the password that was chosen for the account."""


@dataclass(frozen=True)
class Confirmed:
    """Somebody has confirmed their address."""

    user: User
    browser: str | None
    """The mark of the browser on which they signed up, if that was how it began."""
    sealed_interaction: str | None
    """What they came to do there."""
    was_waiting: bool
    """Whether nobody could sign in to the account until now."""
    reset: str = field(default="", repr=False)
    """The token of a link to choose a password, where the one that was chosen doesn't count."""


class EmailVerification:
    """Asks people to confirm their address, and notes that they did."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        passwords: Passwords,
        limits: MailLimits,
        links: Links,
        letters: Letters,
    ) -> None:
        self._passwords = passwords
        self._lifetime = settings.links.verify_email
        self._reset_lifetime = settings.links.reset_password
        self._is_required = settings.needs_verified_email
        self._database = database
        self._limits = limits
        self._links = links
        self._letters = letters

    def ask(self, user: User) -> bool:
        """Send a link to a user's own address; whether one was sent. Call it inside `Database.run`."""
        if user.email is None or user.email_verified or not self._limits.allow(directory.key(user.email)):
            return False
        with self._database.transaction() as session:
            made = self._links.make(session, Purpose.VERIFY_EMAIL, user.email, self._lifetime, user=user)
            self._letters.send_link(session, "verify_email", user.email, Purpose.VERIFY_EMAIL, made, reader=user)
        return True

    def look(self, token: str) -> str:
        """The address that a link is about; LinkIsDead. It isn't spent. Call it inside `Database.run`."""
        with self._database.autocommit() as connection:
            return self._links.find(connection, Purpose.VERIFY_EMAIL, token).email

    def confirm(self, token: str, *, browser: str | None = None, password: str | None = None) -> Confirmed:
        """Spend the link: the address is theirs. LinkIsDead, WrongPassword. Call it inside `Database.run`.

        Whoever signed up last has chosen the password of an account that waits, and that may have been a stranger. So it
        counts only for who signed up on this very `browser` or knows it; others choose one now.
        """
        knows_it = password is not None and self._require_password(token, password)
        with self._database.transaction() as session:
            link, user = self._links.spend(session, Purpose.VERIFY_EMAIL, token)
            assert user is not None  # noqa: S101 - a link without a user is never told to anybody
            was_waiting = user.unconfirmed_since is not None and self._is_required
            directory.update_user(session, user.id, email_verified=True, unconfirmed_since=None)
            trail.record(session, Event.EMAIL_VERIFIED, user_id=user.id)
            is_theirs = not was_waiting or knows_it or (browser is not None and link.browser == browser)
            reset = "" if is_theirs else self._forget_password(session, user)
        return Confirmed(user, link.browser, link.sealed_interaction, was_waiting, reset)

    def _require_password(self, token: str, password: str) -> bool:
        with self._database.autocommit() as connection:
            link = self._links.find(connection, Purpose.VERIFY_EMAIL, token)
            user = directory.get(connection, link.user_id) if link.user_id else None
        is_right, _ = wait(self._passwords.verify(password, user.password_hash if user else None))
        if not is_right:
            raise WrongPassword(_WRONG, because="not the password that was chosen last")
        return True

    def _forget_password(self, session: Session, user: User) -> str:
        """Let nobody in by the password that was chosen; the token of a link to choose another."""
        directory.update_user(session, user.id, password_hash=None)
        left = directory.hold(session, user.id)
        assert left is not None  # noqa: S101 - written just now
        made = self._links.make(session, Purpose.RESET_PASSWORD, left.email or "", self._reset_lifetime, user=left)
        return made.token
