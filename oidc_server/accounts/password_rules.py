"""Password rules: what a new password must be, wherever one is set (NIST SP 800-63B §3.1.1.2).

Its length, and that nobody guesses it: no common one, none made of one's own name or ours, none that has leaked. No
rules on which characters it must hold, and it needs no changing as long as nobody knows it.
"""

from collections.abc import Iterable
from hashlib import sha1
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from oidc_server.accounts.passwords import MAX_LENGTH, Passwords, prepared
from oidc_server.foundation.deferred import Deferred
from oidc_server.foundation.errors import Refused
from oidc_server.foundation.languages import N_
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.outbound.failures import OutboundFailed
from oidc_server.settings.model import Settings

if TYPE_CHECKING:
    import zxcvbn
else:
    zxcvbn = Deferred("zxcvbn")

#: As far as a password is looked at: what is hard to guess by then stays so, and the time it takes grows fast with the length.
_LOOKED_AT = 24
_PREFIX_LENGTH = 5
_PRODUCT = ("oidc-server", "oidc", "openid")

TOO_SHORT = N_("This password is too short.")
TOO_LONG = N_("This password is too long.")
TOO_EASY = N_("This password is too easy to guess. Try several words that don't belong together.")
LEAKED = N_("This password has leaked from another site. Please choose one that you use nowhere else.")

log = structlog.get_logger(__name__)


class BadPassword(Refused):
    """A password that must not be set."""


class PasswordRules:
    """Judges new passwords."""

    def __init__(self, settings: Settings, passwords: Passwords, outbound: Outbound) -> None:
        self.min_length = settings.password.min_length
        self._min_strength = settings.password.min_strength
        self._breach_url = (settings.password.breach_url or "").rstrip("/")
        self._passwords = passwords
        self._outbound = outbound
        self._ours = (*_PRODUCT, urlsplit(settings.issuer).hostname or "")

    async def check(self, password: str, about: Iterable[str | None] = ()) -> None:
        """Raise BadPassword unless it may be set; `about` is what others know of its owner, such as names and addresses."""
        password = prepared(password)
        if len(password) < self.min_length:
            raise BadPassword(TOO_SHORT, because=f"fewer than {self.min_length} characters")
        if len(password) > MAX_LENGTH:
            raise BadPassword(TOO_LONG, because=f"more than {MAX_LENGTH} characters")
        if self._min_strength:
            known = _words((*self._ours, *filter(None, about)))
            score = await self._passwords.in_pool(lambda: int(zxcvbn.zxcvbn(password[:_LOOKED_AT], known)["score"]))
            if score < self._min_strength:
                raise BadPassword(TOO_EASY, because=f"strength {score}")
        if self._breach_url and await self._has_leaked(password):
            raise BadPassword(LEAKED, because="found among leaked passwords")

    async def _has_leaked(self, password: str) -> bool:
        """Whether it is known to have leaked; they learn a piece of its hash that it shares with many. No answer is no."""
        # SHA-1 is what is asked for there; nothing of ours rests on it.
        digest = sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        prefix, rest = digest[:_PREFIX_LENGTH], digest[_PREFIX_LENGTH:]
        try:
            answer = await self._outbound.document(f"{self._breach_url}/{prefix}")
        except OutboundFailed as failure:
            log.warning("breach_check_skipped", because=failure.because)
            return False
        lines = answer.decode("ascii", "replace").upper().split()
        return any(suffix == rest and count != "0" for suffix, _, count in (line.partition(":") for line in lines))


def _words(known: Iterable[str]) -> list[str]:
    """What is known of somebody, whole and in parts."""
    found = []
    for text in (text.lower()[:100] for text in known):
        parts = text.replace("@", " ").replace(".", " ").split()
        # As far as a password is looked at: a long address would not be found in what is left of one.
        found += [text[:_LOOKED_AT], text.partition("@")[0], *(part for part in parts if len(part) > 2)]
    return found
