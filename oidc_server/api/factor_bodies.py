"""Bodies about second factors: what the API reads and answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from oidc_server.api.bodies import Body, Described, Password

_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


class Confirmed(Body):
    """A person's word, by their password."""

    password: Password


class Confirmation(Confirmed):
    """That an authenticator app has read its secret."""

    draft: Annotated[str, Field(min_length=1, max_length=1000, examples=["AWc9v2Jd…"])]
    """From the answer that held the secret."""
    code: Annotated[str, Field(min_length=1, max_length=64, examples=["492039"])]
    """What the app shows now."""


class Secret(Described):
    """What an authenticator app is to read; nothing is kept of it until a code confirms it."""

    secret: Annotated[str, Field(examples=[_SECRET])]
    """In base32, to be typed in."""
    otpauth_uri: Annotated[str, Field(examples=[f"otpauth://totp/id.example.com:alice?secret={_SECRET}"])]
    """The same and the account's name, for a QR code or a link."""
    draft: Annotated[str, Field(examples=["AWc9v2Jd…"])]
    """For the confirmation."""


class RecoveryCodes(Described):
    """Codes that stand in for a lost factor, each once; they are told this once."""

    recovery_codes: Annotated[list[str], Field(examples=[["8NG97-VJ2ZC", "QT3TV-MUM92"]])]
    """Empty where the person has some already."""


class KnownTotp(Described):
    """An authenticator app."""

    created_at: datetime
    last_used_at: datetime | None


class KnownPasskey(Described):
    """A passkey; it is added and taken away in a browser."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class Factors(Described):
    """What a person can prove besides their password."""

    totp: KnownTotp | None
    """Their authenticator app, if they have one."""
    passkeys: list[KnownPasskey]
    recovery_codes_left: int
    is_required: bool
    """Whether they must have a second factor."""
