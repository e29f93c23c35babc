"""Second factors: the one way in which a code or a passkey is checked, on every page and with one count of failures.

Who holds the password can fail again and again, from anywhere. So failures on a browser where its owner has signed in before
count apart, that nobody elsewhere locks the owner out; all such browsers together have a limit too.
"""

from uuid import UUID

from sqlalchemy.orm import Session

from oidc_server.accounts import proofs, recovery_codes, totp
from oidc_server.accounts.models import Passkey
from oidc_server.accounts.passkeys import PasskeyRefused, Passkeys
from oidc_server.accounts.sign_in import TooManyAttempts
from oidc_server.audit import trail
from oidc_server.audit.events import Event
from oidc_server.audit.trail import Trail
from oidc_server.foundation.database import Database, wait
from oidc_server.foundation.errors import Refused, Unavailable
from oidc_server.foundation.languages import N_
from oidc_server.foundation.rate_limits.throttle import Reserved, Throttle, Throttles
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.telemetry import metrics
from oidc_server.settings.accounts import FactorSettings

#: How many times the failures that a stranger has are left to all known browsers of a person together.
_KNOWN_BROWSERS = 4

_WRONG = N_("This code is wrong or was used already. An app shows a new one every 30 seconds.")


#: The kinds of codes, as apps are told of them.
TOTP, RECOVERY_CODE = "totp", "recovery_code"


class WrongCode(Refused):
    """No code of this person's, or one that was used."""


def kind_of(code: str) -> str:
    """Whose code this could be at most: an app's, or one that stands in for it."""
    return TOTP if len(_typed(code)) == totp.DIGITS else RECOVERY_CODE


def kinds_of(session: Session, user_id: UUID) -> list[str]:
    """The kinds of codes that a person can show; a passkey is none."""
    has_codes = recovery_codes.count(session, user_id) > 0
    return [TOTP] * (totp.find(session, user_id) is not None) + [RECOVERY_CODE] * has_codes


class SecondFactors:
    """Checks what a person shows besides their password, or instead of it; call it inside `Database.run`."""

    def __init__(
        self,
        database: Database,
        sealing: Sealing,
        passkeys: Passkeys,
        throttles: Throttles,
        settings: FactorSettings,
        trail: Trail,
    ) -> None:
        self.passkeys = passkeys
        self._database = database
        self._sealing = sealing
        self._throttles = throttles
        self._trail = trail
        self._per_browser = Throttle("factor", settings.failures, settings.window)
        self._of_all_known = Throttle("factor of known browsers", _KNOWN_BROWSERS * settings.failures, settings.window)

    def check_code(self, user_id: UUID, code: str, *, known_as: str | None = None) -> tuple[str, ...]:
        """How they proved themselves, with a code of their app or a recovery code; WrongCode, TooManyAttempts.

        `known_as` is what the browser is called for them, if they have signed in there before.
        """
        typed = _typed(code)
        reserved = self._reserve(user_id, known_as)
        try:
            with self._database.transaction() as session:
                is_right = self._spend(session, user_id, typed)
        except Unavailable:
            self._give_back(*reserved)
            raise
        if not is_right:
            self._note_refused("wrong code", user_id)
            raise WrongCode(_WRONG, because="wrong or used code")
        self._forget(*reserved)
        return proofs.CODE

    def check_passkey(
        self, browser: str, sealed: str, answer: str, user_id: UUID | None = None, *, known_as: str | None = None
    ) -> Passkey:
        """The passkey that answered, of anybody or of this person; PasskeyRefused, TooManyAttempts."""
        reserved = self._reserve(user_id, known_as) if user_id else ()
        try:
            with self._database.transaction() as session:
                known = self.passkeys.check(session, browser, sealed, answer, user_id)
                trail.record(session, Event.FACTOR_USED, user_id=known.user_id, kind="passkey", passkey=str(known.id))
        except PasskeyRefused as refusal:
            self._note_refused(refusal.because, user_id)
            raise
        self._forget(*reserved)
        return known

    def _spend(self, session: Session, user_id: UUID, code: str) -> bool:
        if kind_of(code) == TOTP:
            is_right = totp.spend(session, self._sealing, user_id, code)
            if is_right:
                trail.record(session, Event.FACTOR_USED, user_id=user_id, kind="authenticator")
            return is_right
        is_right = recovery_codes.spend(session, self._sealing, user_id, code)
        if is_right:
            left = recovery_codes.count(session, user_id)
            trail.record(session, Event.RECOVERY_CODE_USED, user_id=user_id, left=left)
        return is_right

    def _reserve(self, user_id: UUID, known_as: str | None) -> tuple[Reserved, ...]:
        """The tries that are counted, the one of this browser first."""
        if known_as is None:
            return (self._count(self._per_browser, str(user_id), user_id),)
        own = self._count(self._per_browser, f"{user_id} {known_as}", user_id)
        try:
            return own, self._count(self._of_all_known, str(user_id), user_id)
        except TooManyAttempts:
            self._give_back(own)
            raise

    def _count(self, throttle: Throttle, name: str, user_id: UUID) -> Reserved:
        reserved = wait(self._throttles.reserve(throttle, name))
        if isinstance(reserved, Reserved):
            return reserved
        metrics.sign_ins.labels("throttled").inc()
        self._trail.note(Event.FACTOR_REFUSED, user_id=user_id, reason="too many failures")
        raise TooManyAttempts(reserved, because="too many failures of one person's factors")

    def _give_back(self, *reserved: Reserved) -> None:
        for one in reserved:
            wait(self._throttles.give_back(one))

    def _forget(self, *reserved: Reserved) -> None:
        """This browser starts with a clean sheet; what others of this person's count is left to them."""
        for one in reserved[:1]:
            wait(self._throttles.forget(one))
        self._give_back(*reserved[1:])

    def _note_refused(self, reason: str, user_id: UUID | None) -> None:
        metrics.sign_ins.labels("failed").inc()
        self._trail.note(Event.FACTOR_REFUSED, user_id=user_id, reason=reason)


def _typed(code: str) -> str:
    """A code as it was made, however a person has spaced it."""
    return "".join(code.split())
