"""Password change: who knows the old password chooses a new one, and everything else that the old one opened ends."""

from uuid import UUID

from sqlalchemy.orm import Session

from oidc_server.accounts import directory, trusted_browsers
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.models import User
from oidc_server.accounts.password_rules import PasswordRules
from oidc_server.accounts.passwords import Passwords
from oidc_server.accounts.sign_in import Attempt, SignIn
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.foundation.database import Database, wait
from oidc_server.logouts import outbox
from oidc_server.sessions import ledger
from oidc_server.tokens import grants


class PasswordChange:
    """Changes passwords."""

    def __init__(
        self, database: Database, passwords: Passwords, rules: PasswordRules, sign_in: SignIn, letters: Letters
    ) -> None:
        self._database = database
        self._passwords = passwords
        self.rules = rules
        self._sign_in = sign_in
        self._letters = letters

    def change(
        self, user: User, attempt: Attempt, new: str, *, session_id: UUID | None = None, grant_id: UUID | None = None
    ) -> User:
        """Set a new password; of their sessions and grants only the one goes on from which they ask. Who they are then.

        `attempt` holds the old password, which counts like any other try; who has none must have signed in just now.
        Call it inside `Database.run`. Raises WrongCredentials, TooManyAttempts, BadPassword, Unavailable.
        """
        if user.password_hash is not None:
            user = self._sign_in.check(attempt)
        wait(self.rules.check(new, [user.username, user.email]))
        password_hash = wait(self._passwords.hash(new))
        with self._database.transaction() as session:
            self._sign_in.still_holds(session, user, attempt)
            directory.update_user(session, user.id, password_hash=password_hash)
            end_others(session, user.id, session_id=session_id, grant_id=grant_id)
            self._letters.send_word(session, "password_changed", user.email, "forgot-password", reader=user)
            trail.record(session, Event.PASSWORD_CHANGED, user_id=user.id, session_id=session_id)
        user.password_hash = password_hash
        return user


def end_others(session: Session, user_id: UUID, *, session_id: UUID | None, grant_id: UUID | None) -> None:
    """End all of a user's sessions and grants but these, and with them their trust in browsers."""
    for known in ledger.list_open(session, user_id):
        if known.id != session_id:
            ledger.end(session, known.id)
            outbox.add_for_session(session, known.id)
    grants.revoke_of_user(session, user_id, but_of_session=session_id, but=grant_id)
    trusted_browsers.remove_all(session, user_id)
