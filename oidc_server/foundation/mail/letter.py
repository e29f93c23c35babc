"""A letter, and how it is written for the wire (RFC 5322)."""

from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

from email_validator import EmailNotValidError, validate_email

_MAX_LENGTH = 254  # RFC 5321 §4.5.3.1.3, as erratum 1690 puts it


class BadAddress(ValueError):
    """Nobody can be written to at this address."""


@dataclass(frozen=True)
class Letter:
    """What is written to whom."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)

    def __post_init__(self) -> None:
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in self.to + self.subject):
            raise BadAddress("an address or a subject holds a control character")


def read_address(text: str) -> str:
    """The address that somebody typed, in its usual spelling; BadAddress if it is none."""
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise BadAddress(str(error)) from error
    if len(found.normalized) > _MAX_LENGTH:
        raise BadAddress("the address is too long")
    return found.normalized


def envelope_address(address: str) -> str:
    """The address as SMTP servers know it: in ASCII where that can be, its domain as IDNA (RFC 5890)."""
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise BadAddress(str(error)) from error
    return found.ascii_email or found.normalized


def compose(letter: Letter, *, sender: str, message_id: str, at: datetime) -> EmailMessage:
    """The message; BadAddress if nobody can be written to there."""
    to = envelope_address(letter.to)
    message = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
    name, own = parseaddr(sender)
    message["From"] = _header(envelope_address(own), name)
    message["To"] = _header(to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    # No answers by machines (RFC 3834 §5, and what Exchange understands).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _header(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
