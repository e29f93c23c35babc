"""E-mail change: the new address gets a link and the old one is told; it takes effect when the link is opened."""

from sqlalchemy.exc import IntegrityError

from oidc_server.accounts import directory, sign_up
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.links import LinkIsDead, Links, Purpose
from oidc_server.accounts.mail_limits import MailLimits
from oidc_server.accounts.models import User
from oidc_server.accounts.sign_up import NO_ADDRESS, SignUpRefused
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Database
from oidc_server.foundation.languages import N_
from oidc_server.foundation.mail.letter import BadAddress, read_address
from oidc_server.settings.model import Settings

SAME = N_("This is your address already.")
TAKEN = N_("Another account has this address.")


class EmailChange:
    """Changes addresses."""

    def __init__(
        self, settings: Settings, database: Database, limits: MailLimits, links: Links, letters: Letters
    ) -> None:
        self._lifetime = settings.links.change_email
        self._needs_verified = settings.needs_verified_email
        self._database = database
        self._limits = limits
        self._links = links
        self._letters = letters

    def ask(self, user: User, email: str, neighbourhood: str) -> None:
        """Send a link to the new address and word to the old one; whoever has the new address already is told so there.

        Call it inside `Database.run`, for a person who proved who they are just now. Raises SignUpRefused, TooManyMails.
        """
        try:
            address = read_address(email)
        except BadAddress as error:
            raise SignUpRefused(NO_ADDRESS, field="email") from error
        if address == user.email:
            raise SignUpRefused(SAME, field="email")
        self._limits.count(neighbourhood)
        may_write = self._limits.allow(directory.key(address))
        with self._database.transaction() as session:
            owner = directory.find(session, address)
            # Made in any case: were the link that they asked for before still good, they would know that this one is taken.
            made = self._links.make(session, Purpose.CHANGE_EMAIL, address, self._lifetime, user=user)
            if owner is not None and owner.id != user.id and not self._makes_way(owner):
                to = owner.email if may_write else None
                self._letters.send_word(session, "have_account", to, "login", reader=owner)
            else:
                to = address if may_write else None
                self._letters.send_link(session, "change_email", to, Purpose.CHANGE_EMAIL, made, reader=user)
            if user.email is not None:
                self._letters.send_word(session, "email_change_asked", user.email, "account", reader=user)
            trail.record(session, Event.EMAIL_CHANGE_ASKED, user_id=user.id)

    def look(self, token: str) -> str:
        """The new address that a link is about; LinkIsDead. It isn't spent. Call it inside `Database.run`."""
        with self._database.autocommit() as connection:
            return self._links.find(connection, Purpose.CHANGE_EMAIL, token).email

    def confirm(self, token: str) -> User:
        """Spend the link: the new address takes effect. LinkIsDead. Call it inside `Database.run`."""
        try:
            with self._database.transaction() as session:
                link, user = self._links.spend(session, Purpose.CHANGE_EMAIL, token)
                assert user is not None  # noqa: S101 - a link without a user is never told to anybody
                owner = directory.find_by_email(session, link.email)
                if owner is not None and owner.id != user.id and self._makes_way(owner):
                    sign_up.make_way(session, owner.id)
                values = {"email": link.email, "email_key": directory.key(link.email), "email_verified": True}
                if user.username_key == user.email_key:
                    # Whoever signs in with their address goes on doing so.
                    values |= {"username": link.email, "username_key": values["email_key"]}
                directory.update_user(session, user.id, unconfirmed_since=None, **values)
                if user.email is not None:
                    self._letters.send_word(session, "email_changed", user.email, reader=user)
                trail.record(session, Event.EMAIL_CHANGED, user_id=user.id)
                return user
        except IntegrityError as error:
            raise LinkIsDead(TAKEN, because="the address was taken meanwhile") from error

    def _makes_way(self, owner: User) -> bool:
        """Whether an account has an address that nobody has confirmed, and nobody was ever in it."""
        return self._needs_verified and sign_up.is_nobodys(owner)
