"""The one door to SMTP: one connection for each mail, held to a time, with a breaker in front of the server (RFC 5321)."""

import asyncio
import ssl
from contextlib import suppress
from email.message import EmailMessage

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from circuitbreaker import CircuitBreaker

from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.mail.letter import envelope_address
from oidc_server.foundation.printable import printable
from oidc_server.settings.mail import Reach, SmtpSettings

_FAILURES_TO_OPEN = 3
_SECONDS_OPEN = 30
_GOODBYE_SECONDS = 1
_MAX_REASON = 200


class NotSent(Exception):
    """The mail was not taken this time; worth trying again."""


class Refused(NotSent):
    """This mail will never be taken: its recipient is unknown, or its address is of a kind that the server can't do."""


class Down(NotSent):
    """The server can't be reached, doesn't let us in or doesn't answer; it says nothing of this mail."""


class Paused(NotSent):
    """Nobody was asked: the server failed several times in a row and is left alone for a moment."""


class Smtp:
    """The server that takes our mail."""

    def __init__(self, settings: SmtpSettings, url: str) -> None:
        self._reach = Reach(url)
        self._seconds = settings.timeout.total_seconds()
        self._trust = _trust(settings)
        self.breaker = CircuitBreaker(
            name="smtp", failure_threshold=_FAILURES_TO_OPEN, recovery_timeout=_SECONDS_OPEN, expected_exception=Down
        )

    async def send(self, message: EmailMessage, to: str) -> None:
        """Hand a message over; NotSent if that failed."""
        if self.breaker.opened:
            raise Paused("the SMTP server failed several times in a row and is left alone for a moment")
        with self.breaker:
            try:
                async with asyncio.timeout(self._seconds):
                    await self._send(message, envelope_address(to))
            except TimeoutError as error:
                raise Down(f"{self._reach.host} did not answer within {self._seconds:g} seconds") from error
            except (SMTPException, OSError) as error:
                raise _failure(error) from error

    async def _send(self, message: EmailMessage, to: str) -> None:
        reach = self._reach
        client = SMTP(
            hostname=reach.host,
            port=reach.port,
            username=reach.username,
            password=reach.password,
            use_tls=reach.scheme == "smtps",
            # Never "if the server offers it": somebody in between could say that it doesn't.
            start_tls=reach.scheme == "smtp+starttls",
            tls_context=self._trust if reach.scheme != "smtp" else None,
            timeout=self._seconds,
        )
        try:
            await client.connect()
            await client.send_message(message, recipients=[to])
            await _say_goodbye(client)
        finally:
            client.close()


async def _say_goodbye(client: SMTP) -> None:
    """End the conversation; the mail is taken, so whatever goes wrong now is no failure."""
    with suppress(SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(_GOODBYE_SECONDS):
            await client.quit()


def _trust(settings: SmtpSettings) -> ssl.SSLContext:
    """The system's certificate authorities, and those of a file."""
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured(
                f"OIDC_SMTP_CA_FILE names {settings.ca_file}, which holds no certificates: {error}"
            ) from error
    return context


def _failure(error: Exception) -> NotSent:
    """What an error says: of this mail for good, of this mail for now, or of the server."""
    if isinstance(error, SMTPNotSupported) and "SMTPUTF8" in str(error):
        return Refused("the server takes no addresses with letters beyond ASCII (SMTPUTF8)")
    about_mail = error.recipients[0] if isinstance(error, SMTPRecipientsRefused) else error
    reason = _reason(about_mail)
    if isinstance(about_mail, SMTPRecipientRefused | SMTPDataError):
        return (Refused if about_mail.code >= 500 else NotSent)(reason)
    return Down(reason)


def _reason(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {printable(error.message, _MAX_REASON)}"
    return f"{type(error).__name__}: {printable(str(error), _MAX_REASON)}"
