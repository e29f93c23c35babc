"""Known browsers: where somebody has signed in before, with the password that they have now.

Guesses there count apart from those of strangers. A new password makes all of them strangers again, so that nobody who once
knew the old one keeps tries of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from oidc_server.accounts.models import User
from oidc_server.foundation.sealing import Sealing

_OF_PASSWORD = "known browser's password"
_MARK_BYTES = 16


@dataclass(frozen=True)
class KnownBrowser:
    """What a browser is called for one person."""

    name: str
    password: bytes
    """The mark of the password that they had when they signed in there."""


def password_mark(sealing: Sealing, user: User) -> bytes:
    """What changes with a user's password, and tells nothing of it."""
    return sealing.lasting(_OF_PASSWORD, f"{user.id.hex} {user.password_hash}".encode())[:_MARK_BYTES]


def name_of(sealing: Sealing, known: Mapping[UUID, KnownBrowser], user: User) -> str | None:
    """What a browser is called for this user; None if they have not signed in there with the password they have now."""
    browser = known.get(user.id)
    return browser.name if browser is not None and browser.password == password_mark(sealing, user) else None
