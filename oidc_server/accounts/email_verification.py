"""E-mail verification: a link in a mail proves that the address of an account is its owner's."""

from dataclasses import dataclass

from oidc_server.accounts import directory
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.links import Links, Purpose
from oidc_server.accounts.mail_limits import MailLimits
from oidc_server.accounts.models import User
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Database
from oidc_server.settings.model import Settings


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


class EmailVerification:
    """Asks people to confirm their address, and notes that they did."""

    def __init__(
        self, settings: Settings, database: Database, limits: MailLimits, links: Links, letters: Letters
    ) -> None:
        self._lifetime = settings.links.verify_email
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
            self._letters.send_link(session, "verify_email", user.email, Purpose.VERIFY_EMAIL, made)
        return True

    def look(self, token: str) -> str:
        """The address that a link is about; LinkIsDead. It isn't spent. Call it inside `Database.run`."""
        with self._database.autocommit() as connection:
            return self._links.find(connection, Purpose.VERIFY_EMAIL, token).email

    def confirm(self, token: str) -> Confirmed:
        """Spend the link: the address is theirs. LinkIsDead. Call it inside `Database.run`."""
        with self._database.transaction() as session:
            link, user = self._links.spend(session, Purpose.VERIFY_EMAIL, token)
            assert user is not None  # noqa: S101 - a link without a user is never told to anybody
            was_waiting = user.unconfirmed_since is not None and self._is_required
            directory.update_user(session, user.id, email_verified=True, unconfirmed_since=None)
            trail.record(session, Event.EMAIL_VERIFIED, user_id=user.id)
        return Confirmed(user, link.browser, link.sealed_interaction, was_waiting)
