"""What people find in their mail: the letters of a server that sends none, read as `/dev/mailbox` shows them."""

import re

from sqlalchemy.orm import Session

from oidc_server.foundation.mail import outbox
from oidc_server.foundation.mail.letter import Letter
from oidc_server.house import House
from tests.accounts.deeds import in_transaction

_LINK = re.compile(r"^https?://\S+$", re.MULTILINE)


async def letters(house: House, to: str | None = None) -> list[Letter]:
    """Every letter, or those to one person, the newest first."""

    def read(session: Session) -> list[Letter]:
        return [
            outbox.open_letter(house.sealing, mail.id, mail.sealed_letter or b"")
            for mail in outbox.newest(session, 1000)
        ]

    return [letter for letter in await in_transaction(house, read) if to in (None, letter.to)]


async def link(house: House, to: str, subject: str = "") -> str:
    """The link in the newest letter to somebody."""
    found = next(letter for letter in await letters(house, to) if subject in letter.subject)
    match = _LINK.search(found.text)
    assert match is not None
    return match[0]
