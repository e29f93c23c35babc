"""Known devices: the browsers, and the devices of apps, on which somebody has signed in before.

Guesses from elsewhere don't count against them, so that no stranger locks an owner out by guessing; and whoever signs in on
another one is told by mail. The token by which a device is known proves nothing but that: it opens no door, and a new password
makes it worthless.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from oidc_server.accounts import known_browsers
from oidc_server.accounts.known_browsers import KnownBrowser
from oidc_server.accounts.letters import Letters
from oidc_server.accounts.models import User
from oidc_server.audit import history
from oidc_server.audit.events import Event
from oidc_server.foundation.identifiers import new_id
from oidc_server.foundation.sealing import Sealing
from oidc_server.settings.model import Settings

_PURPOSE = "known browser"
_ID_BYTES = 16


class KnownDevices:
    """Makes tokens for devices, each for one person, and reads them."""

    def __init__(self, settings: Settings, sealing: Sealing, letters: Letters) -> None:
        self._can_mail = settings.can_mail
        self._sealing = sealing
        self._letters = letters

    def known_as(self, tokens: Iterable[str]) -> dict[UUID, KnownBrowser]:
        """What a device with these tokens is called for each person; what is none of ours counts for nothing."""
        found: dict[UUID, KnownBrowser] = {}
        for token in tokens:
            try:
                data = self._sealing.stamped(_PURPOSE, token)
            except ValueError:
                continue
            name, password = data[_ID_BYTES : 2 * _ID_BYTES], data[2 * _ID_BYTES :]
            found.setdefault(UUID(bytes=data[:_ID_BYTES]), KnownBrowser(name.hex(), password))
        return found

    def named(self, user: User, name: str) -> dict[UUID, KnownBrowser]:
        """A device that is called so for this person, with the password that they have now."""
        return {user.id: KnownBrowser(name, known_browsers.password_mark(self._sealing, user))}

    def name_of(self, known_as: Mapping[UUID, KnownBrowser], user: User) -> str | None:
        """What a device is called for this person; None if it is not known to be theirs."""
        return known_browsers.name_of(self._sealing, known_as, user)

    def remembered(self, known_as: Mapping[UUID, KnownBrowser], user: User) -> dict[UUID, KnownBrowser]:
        """The same device once this person has signed in there, they first."""
        first = self.named(user, self.name_of(known_as, user) or new_id().hex)
        return first | {one: known for one, known in known_as.items() if one != user.id}

    def tokens(self, known_as: Mapping[UUID, KnownBrowser]) -> list[str]:
        """The tokens by which a device is known, one for each person."""
        return [
            self._sealing.stamp(_PURPOSE, user_id.bytes + bytes.fromhex(known.name) + known.password)
            for user_id, known in known_as.items()
        ]

    def note(self, session: Session, user: User, known_as: Mapping[UUID, KnownBrowser], letter: str, page: str) -> None:
        """Tell somebody who signs in on a device that they never used before; not at their very first sign-in."""
        is_news = self.name_of(known_as, user) is None and history.has(session, user.id, Event.SIGNED_IN)
        if is_news and self._can_mail and user.email is not None and user.email_verified:
            self._letters.send_word(session, letter, user.email, page, reader=user)
