"""Password reset: a link in a mail leads to a new password. Nobody learns whether there is an account."""

from oidc_server.accounts import directory, ways_in
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.links import Links, Purpose
from oidc_server.accounts.mail_limits import MailLimits
from oidc_server.accounts.models import User
from oidc_server.accounts.password_rules import PasswordRules
from oidc_server.accounts.passwords import Passwords
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Database, wait
from oidc_server.settings.model import Settings


class PasswordReset:
    """Sends links, and takes new passwords for them."""

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
        self._lifetime = settings.links.reset_password
        self._database = database
        self._passwords = passwords
        self._rules = rules
        self._limits = limits
        self._links = links
        self._letters = letters

    def ask(self, login: str, neighbourhood: str) -> None:
        """Send a link to the user who calls themselves that; to nobody, with as much work, if there is none.

        Call it inside `Database.run`. Raises TooManyMails.
        """
        self._limits.count(neighbourhood)
        with self._database.autocommit() as connection:
            user = directory.find(connection, login)
        may_write = self._limits.allow(str(user.id) if user else directory.key(login))
        # Always to the address that we know, never to what was typed: two spellings may be two mailboxes.
        to = user.email if user is not None and user.disabled_at is None and may_write else None
        with self._database.transaction() as session:
            if user is not None and to is not None:
                made = self._links.make(session, Purpose.RESET_PASSWORD, to, self._lifetime, user=user)
            else:
                made = self._links.make_for_nobody(session, Purpose.RESET_PASSWORD, self._lifetime)
            self._letters.send_link(session, "reset_password", to, Purpose.RESET_PASSWORD, made, reader=user)
            trail.record(session, Event.PASSWORD_RESET_ASKED, user_id=user.id if user else None)

    def look(self, token: str) -> None:
        """Raise LinkIsDead unless the link may work; it isn't spent. Call it inside `Database.run`."""
        with self._database.autocommit() as connection:
            self._links.find(connection, Purpose.RESET_PASSWORD, token)

    def finish(self, token: str, password: str) -> User:
        """Spend the link and set the new password: every session and grant ends. Whose it is; nobody is signed in.

        Call it inside `Database.run`. Raises LinkIsDead, BadPassword, Unavailable.
        """
        with self._database.autocommit() as connection:
            link = self._links.find(connection, Purpose.RESET_PASSWORD, token)
            owner = directory.get(connection, link.user_id) if link.user_id else None
        wait(self._rules.check(password, [owner.username, owner.email] if owner else []))
        password_hash = wait(self._passwords.hash(password))
        with self._database.transaction() as session:
            _, user = self._links.spend(session, Purpose.RESET_PASSWORD, token)
            assert user is not None  # noqa: S101 - a link without a user is never told to anybody
            # The link has come to their mailbox, so the address is theirs.
            values = {"password_hash": password_hash, "email_verified": True, "unconfirmed_since": None}
            directory.update_user(session, user.id, **values)
            directory.end_everything(session, user.id)
            if not user.email_verified:
                ways_in.hand_over(session, user.id)
            self._letters.send_word(session, "password_changed", user.email, "forgot-password", reader=user)
            trail.record(session, Event.PASSWORD_RESET, user_id=user.id)
        user.password_hash = password_hash
        return user
