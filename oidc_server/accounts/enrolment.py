"""Enrolment: a person adds a factor, and gets recovery codes with the first one; or takes one away."""

from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from oidc_server.accounts import factors, passkeys, proofs, recovery_codes, totp, ways_in
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.models import User
from oidc_server.accounts.passkeys import Passkeys
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.sealing import Sealing
from oidc_server.settings.model import Settings

_WRONG = N_("This code is wrong. An app shows a new one every 30 seconds.")
_TOO_MANY = N_("You have as many passkeys as an account can have.")


class WrongConfirmation(Refused):
    """The code doesn't confirm the secret."""


class MustStay(Refused):
    """Without this factor the person could not get in any more, or may not."""


class Enrolment:
    """Adds factors and takes them away, each change in its caller's transaction."""

    def __init__(self, settings: Settings, sealing: Sealing, keys: Passkeys, letters: Letters) -> None:
        self._policy = settings.factors
        self._name = urlsplit(settings.issuer).netloc
        self._sealing = sealing
        self._keys = keys
        self._letters = letters

    def is_required(self, user: User) -> bool:
        """Whether this person must have a second factor."""
        return proofs.is_required(self._policy, user.roles)

    def draft(self, user: User, sealed: str = "") -> tuple[bytes, str]:
        """A secret to confirm, and its sealed form for the page: the one that was shown before, or a new one."""
        try:
            return totp.drafted(self._sealing, user.id, sealed), sealed
        except ValueError:
            secret = totp.new_secret()
            return secret, totp.draft(self._sealing, user.id, secret)

    def uri(self, user: User, secret: bytes) -> str:
        """What the person's app reads."""
        return totp.uri(secret, self._name, user.username)

    def add_authenticator(self, session: Session, user: User, sealed: str, code: str) -> list[str]:
        """Keep the app whose code confirms the secret; recovery codes if there are none yet. WrongConfirmation."""
        secret, _ = self.draft(user, sealed)
        if not totp.add(session, self._sealing, user.id, secret, "".join(code.split())):
            raise WrongConfirmation(_WRONG, because="the code doesn't confirm the secret, or there is an app already")
        return self._added(session, user, "authenticator")

    def add_passkey(self, session: Session, user: User, browser: str, sealed: str, answer: str, name: str) -> list[str]:
        """Keep a new passkey; recovery codes if there are none yet. PasskeyRefused."""
        if factors.of(session, user.id).passkeys >= passkeys.MAX_OF_ONE_PERSON:
            raise passkeys.PasskeyRefused(_TOO_MANY, because="too many passkeys")
        self._keys.register(session, user, browser, sealed, answer, name)
        return self._added(session, user, "passkey")

    def make_recovery_codes(self, session: Session, user: User) -> list[str]:
        """New codes instead of the old ones; none for those who have no factor to lose."""
        if not factors.of(session, user.id).is_any:
            return []
        self._letters.tell_owner(session, "recovery_codes_made", user)
        return recovery_codes.make(session, self._sealing, user.id)

    def remove_authenticator(self, session: Session, user: User) -> None:
        """Take the app away; MustStay."""
        self._require_another(session, user)
        if totp.remove(session, user.id):
            self._removed(session, user, "authenticator")

    def remove_passkey(self, session: Session, user: User, passkey_id: UUID) -> None:
        """Take a passkey away; MustStay."""
        self._require_another(session, user)
        if not ways_in.has_another(session, user.id, than_passkey=passkey_id):
            raise MustStay(N_("This passkey is the only way into your account."), because="the last way in")
        if passkeys.remove(session, user.id, passkey_id):
            self._removed(session, user, "passkey")

    def _require_another(self, session: Session, user: User) -> factors.Factors:
        # Two removals at once must not both find the other's factor still there.
        session.execute(select(User.id).where(User.id == user.id).with_for_update())
        has = factors.of(session, user.id)
        if has.count == 1 and self.is_required(user):
            told = N_("Your account must have a second factor. Add another one first.")
            raise MustStay(told, because="a second factor is required")
        return has

    def _added(self, session: Session, user: User, kind: str) -> list[str]:
        factors.note_added(session, user.id, kind)
        self._letters.tell_owner(session, "factor_added", user, factor=kind)
        if recovery_codes.count(session, user.id):
            return []
        return recovery_codes.make(session, self._sealing, user.id)

    def _removed(self, session: Session, user: User, kind: str) -> None:
        factors.note_removed(session, user.id, kind)
        self._letters.tell_owner(session, "factor_removed", user, factor=kind)
