"""Settings of mail."""

from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator

from oidc_server.settings.kinds import Duration, Group

#: Each way to reach a server, and its usual port.
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class SmtpSettings(Group):
    """How mail is sent."""

    url: SecretStr | None = None
    """`smtps://USER:PASSWORD@HOST:465`, `smtp+starttls://USER:PASSWORD@HOST:587` (no mail without TLS) or, plain, `smtp://HOST:25`."""
    sender: Annotated[str | None, Field(alias="from")] = None
    """Whom mails come from: `login@example.com` or `Example <login@example.com>`."""
    ca_file: Path | None = None
    """Certificate authorities (PEM) that are trusted besides the system's."""
    timeout: Duration = timedelta(seconds=10)
    """How long the sending of one mail may take."""
    give_up_after: Duration = timedelta(days=1)
    """How long a mail is tried again, unless the link in it is dead before that."""

    @field_validator("url")
    @classmethod
    def _is_known(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ValueError("expected smtps://, smtp+starttls:// or smtp:// with a host, and nothing behind it")
        if parts.scheme == "smtp" and parts.username is not None:
            raise ValueError("smtp:// would send the password in the clear: use smtp+starttls:// or smtps://")
        return value

    @field_validator("sender")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None and ("@" not in parseaddr(value)[1] or any(ord(letter) < 32 for letter in value)):
            raise ValueError(f"expected an e-mail address, received {value!r}")
        return value


class Reach:
    """Where the server is and who we are there, as the URL says."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or PORTS[parts.scheme]
        self.username = unquote(parts.username) if parts.username else None
        self.password = unquote(parts.password) if parts.password else None
