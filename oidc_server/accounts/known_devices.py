"""Known devices: the browsers, and the devices of apps, on which somebody has signed in before.

Guesses from elsewhere don't count against them, so that no stranger locks an owner out by guessing; and whoever signs in on
another one is told by mail. The token by which a device is known proves nothing but that: it opens no door.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from oidc_server.accounts.letters import Letters
from oidc_server.accounts.models import User
from oidc_server.audit import history
from oidc_server.audit.events import Event
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.sealing import Sealing
from oidc_server.settings.model import Settings

_PURPOSE = "known browser"


class KnownDevices:
    """Makes tokens for devices, each for one person, and reads them."""

    def __init__(self, settings: Settings, sealing: Sealing, letters: Letters) -> None:
        self._can_mail = settings.can_mail
        self._sealing = sealing
        self._letters = letters

    def names(self, tokens: Iterable[str]) -> dict[UUID, str]:
        """What a device with these tokens is called for each person whom it knows; what is none of ours counts for nothing."""
        found: dict[UUID, str] = {}
        for token in tokens:
            try:
                data = self._sealing.stamped(_PURPOSE, token)
            except ValueError:
                continue
            found.setdefault(UUID(bytes=data[:16]), data[16:].hex())
        return found

    def token(self, user_id: UUID, name: str | None = None) -> str:
        """The token by which this person's device is known: under the name that it has, or a new one."""
        return self._sealing.stamp(_PURPOSE, user_id.bytes + bytes.fromhex(name or new_id().hex))

    def note(self, session: Session, user: User, names: Mapping[UUID, str], letter: str, page: str) -> None:
        """Tell somebody who signs in on a device that they never used before; not at their very first sign-in."""
        is_news = user.id not in names and history.has(session, user.id, Event.SIGNED_IN)
        if is_news and self._can_mail and user.email is not None and user.email_verified:
            self._letters.send_word(session, letter, user.email, page)
