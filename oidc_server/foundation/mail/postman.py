"""The postman: takes what waits in the outbox to the SMTP server, and comes again where that fails."""

from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

import structlog
from circuitbreaker import CircuitBreaker

from oidc_server.foundation.database import Database
from oidc_server.foundation.errands import Errands
from oidc_server.foundation.mail import outbox
from oidc_server.foundation.mail.letter import compose
from oidc_server.foundation.mail.outbox import Parcel
from oidc_server.foundation.mail.smtp import NotSent, Paused, Refused, Smtp
from oidc_server.foundation.sealing import Sealing
from oidc_server.foundation.telemetry import metrics
from oidc_server.settings.model import Settings

#: How long a mail may have to wait.
LOOK_EVERY = timedelta(seconds=1)
_AT_ONCE = 5

log = structlog.get_logger(__name__)


class Postman:
    """Sends what waits in the outbox; all workers may do so at once. Without an SMTP server, it stays there."""

    def __init__(self, settings: Settings, database: Database, sealing: Sealing) -> None:
        self._database = database
        self._sealing = sealing
        self._sender = settings.smtp.sender or ""
        self._host = urlsplit(settings.issuer).hostname or "localhost"
        url = settings.smtp.url
        self._smtp = Smtp(settings.smtp, url.get_secret_value()) if url is not None else None
        # Longer than any try, with what is written before and after it: until then, nobody else tries.
        self._lease = settings.smtp.timeout + 2 * settings.database.timeout
        self._errands = Errands(_AT_ONCE, failed=_tell_failed)
        self.bell = self._errands.bell

    @property
    def breaker(self) -> CircuitBreaker | None:
        """The circuit breaker in front of the SMTP server, if there is one."""
        return self._smtp.breaker if self._smtp else None

    async def work(self) -> None:
        """Set out with as many mails as there is room for; one that hangs holds up no other."""
        room = self._errands.room
        if self._smtp is None or self._smtp.breaker.opened or not room:
            return
        for parcel in await self._database.run(self._claim, room):
            self._errands.set_out(self._deliver(self._smtp, parcel))

    async def finish(self) -> None:
        """Wait for what is under way."""
        await self._errands.finish()

    def _claim(self, count: int) -> list[Parcel]:
        with self._database.autocommit() as connection:
            return outbox.claim(connection, count, self._lease)

    async def _deliver(self, smtp: Smtp, parcel: Parcel) -> None:
        try:
            if outbox.has_expired(parcel):
                raise Refused("it has expired")
            await smtp.send(*self._write(parcel))
        except Refused as refusal:
            await self._database.run(self._give_up, parcel, str(refusal))
        except Paused as failure:
            await self._database.run(self._postpone, parcel, str(failure))
        except NotSent as failure:
            await self._database.run(self._failed, parcel, str(failure))
        else:
            await self._database.run(self._sent, parcel)

    def _write(self, parcel: Parcel) -> tuple[EmailMessage, str]:
        """The message, the same each time, and to whom."""
        try:
            letter = outbox.open_letter(self._sealing, parcel.id, parcel.sealed_letter)
            message_id = f"<{parcel.id}@{self._host}>"
            return compose(letter, sender=self._sender, message_id=message_id, at=parcel.created_at), letter.to
        except ValueError as error:
            raise Refused(f"it cannot be written: {error}") from error

    def _sent(self, parcel: Parcel) -> None:
        with self._database.transaction() as session:
            outbox.settle(session, parcel)
        self._tell("sent", parcel)

    def _failed(self, parcel: Parcel, reason: str) -> None:
        if outbox.is_last(parcel):
            self._give_up(parcel, reason)
            return
        with self._database.transaction() as session:
            outbox.try_again(session, parcel, reason[:255])
        self._tell("failed", parcel, reason)

    def _postpone(self, parcel: Parcel, reason: str) -> None:
        with self._database.transaction() as session:
            outbox.postpone(session, parcel, reason[:255])

    def _give_up(self, parcel: Parcel, reason: str) -> None:
        with self._database.transaction() as session:
            outbox.settle(session, parcel, reason[:255])
        self._tell("abandoned", parcel, reason)

    def _tell(self, outcome: str, parcel: Parcel, because: str = "") -> None:
        metrics.mails.labels(outcome).inc()
        tell = log.info if outcome == "sent" else log.warning
        tell(f"mail_{outcome}", mail_id=str(parcel.id), kind=parcel.kind, attempts=parcel.attempts, because=because)


def _tell_failed(error: BaseException) -> None:
    # The database, most likely. The lease ends, and the mail is sent a second time rather than never.
    log.error("mail_failed", error=type(error).__name__)
