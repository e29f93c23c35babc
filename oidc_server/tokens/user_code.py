"""User codes: what a person reads on a device and types into a browser (RFC 8628 §6.1).

Eight letters of twenty, without vowels so that they spell no words; 34 bits, for ten minutes, against throttled guesses.
"""

import secrets

from oidc_server.foundation.sealing import Sealing

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8
_PURPOSE = "user code"


def new() -> str:
    """A user code that nobody can foresee, as `BCDF-GHJK`."""
    return spelled("".join(secrets.choice(ALPHABET) for _ in range(_LENGTH)))


def read(text: str) -> str | None:
    """The code that somebody typed, in small letters or with any punctuation; None if it can't be one."""
    letters = "".join(letter for letter in text if letter.isascii()).upper()
    known = "".join(letter for letter in letters if letter in ALPHABET)
    return spelled(known) if len(known) == _LENGTH else None


def spelled(letters: str) -> str:
    """Eight letters as people read them best."""
    return f"{letters[:4]}-{letters[4:]}"


def fingerprint(sealing: Sealing, code: str) -> str:
    """What we keep of a code: whoever copies the database can't try them all without the master key."""
    return sealing.fingerprint(_PURPOSE, code)
