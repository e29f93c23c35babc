"""Letters to people: each kind is a template. They hold nothing that somebody else has typed, and links to us alone.

A letter speaks its reader's own language, whoever caused it; that of the request where the reader has said nothing.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from oidc_server.accounts.links import PARAMETER, Made, Purpose
from oidc_server.accounts.models import User
from oidc_server.foundation import clock, languages, negotiation
from oidc_server.foundation.languages import Language
from oidc_server.foundation.mail import outbox
from oidc_server.foundation.mail.letter import Letter
from oidc_server.foundation.mail.stationery import Stationery
from oidc_server.foundation.sealing import Sealing
from oidc_server.settings.model import Settings

_NOBODY = "nobody@example.invalid"


class Letters:
    """Writes them, in the transaction that causes them."""

    def __init__(self, settings: Settings, sealing: Sealing) -> None:
        self._issuer = settings.issuer
        self._can_mail = settings.can_mail and bool(settings.issuer)
        self._give_up_after = settings.smtp.give_up_after
        self._default_language = settings.pages.language
        self._sealing = sealing
        self._stationery = Stationery(settings.issuer)

    def send_link(
        self, session: Session, kind: str, to: str | None, purpose: Purpose, made: Made, *, reader: User | None
    ) -> None:
        """A letter with a link, as long as that works; to None, one that is never sent and costs the same."""
        link = f"{self._issuer}/{purpose}?{PARAMETER}={made.token}"
        hours = max(1, round((made.expires_at - clock.now()) / timedelta(hours=1)))
        letter = self._write(kind, to or _NOBODY, reader, link=link, hours=hours)
        expires_at = min(made.expires_at, clock.now() + self._give_up_after)
        outbox.add(session, self._sealing, kind, letter, expires_at=expires_at, to_nobody=to is None)

    def send_word(self, session: Session, kind: str, to: str | None, page: str = "", *, reader: User | None) -> None:
        """A letter that tells something, with a page of ours where more can be done about it."""
        letter = self._write(kind, to or _NOBODY, reader, link=f"{self._issuer}/{page}")
        expires_at = clock.now() + self._give_up_after
        outbox.add(session, self._sealing, kind, letter, expires_at=expires_at, to_nobody=to is None)

    def tell_owner(
        self, session: Session, kind: str, user: User, page: str = "account/security", **values: str
    ) -> None:
        """A letter to an account's owner: how one gets into it has changed. Nothing where it can't reach them."""
        if not self._can_mail or user.email is None:
            return
        letter = self._write(kind, user.email, user, link=f"{self._issuer}/{page}", **values)
        outbox.add(session, self._sealing, kind, letter, expires_at=clock.now() + self._give_up_after)

    def _write(self, kind: str, to: str, reader: User | None, **values: Any) -> Letter:
        with languages.speaking(self._language(reader)):
            return self._stationery.write(kind, to, **values)

    def _language(self, reader: User | None) -> Language:
        locale = reader.claims.get("locale") if reader else None
        ranges = negotiation.listed(locale) if isinstance(locale, str) else []
        tag = negotiation.lookup(ranges, languages.tags())
        return languages.load(tag) if tag else languages.spoken(self._default_language)
