"""The tables of users, of their factors, and of what happens once in an installation's life."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from oidc_server.foundation.database import Base
from oidc_server.foundation.identifiers import new_id


class User(Base):
    """A person; the id is their public subject identifier (OpenID Connect Core §8)."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    """Random: clients see it, and it is none of their business when the account was made."""
    username: Mapped[str]
    username_key: Mapped[str] = mapped_column(unique=True)
    """The one form of all spellings of the user name."""
    email: Mapped[str | None] = mapped_column(String(320))
    email_key: Mapped[str | None] = mapped_column(String(320), unique=True)
    email_verified: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str | None]
    applied_password_hash: Mapped[str | None]
    """Of the password that the operator's file last gave them: as long as it says the same, their own choice stays."""
    roles: Mapped[list[str]] = mapped_column(default=list)
    """What they may do, here (`admin`) and in applications that ask for the scope `roles`."""
    groups: Mapped[list[str] | None]
    claims: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """OpenID Connect's other standard claims under their own names (Core §5.1)."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    unconfirmed_since: Mapped[datetime | None] = mapped_column(index=True)
    """When they signed up, until their address is confirmed; None for everybody else."""
    terms_version: Mapped[str | None] = mapped_column(String(64))
    """The terms that they agreed to when they signed up."""
    terms_accepted_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    """When its owner deleted it; it is disabled since, too, if an operator had not disabled it before."""
    cut_off_at: Mapped[datetime | None]
    """When all that went on in their name was ended last: what somebody had half done before then counts no more."""

    def __str__(self) -> str:
        return self.username

    @property
    def display_name(self) -> str:
        """What we call them on a page."""
        return str(self.claims.get("name") or self.username)

    @property
    def is_barred(self) -> bool:
        """Whether an operator has disabled them, whatever they have done themselves."""
        return self.disabled_at is not None and self.disabled_at != self.deleted_at


class Authenticator(Base):
    """A person's authenticator app (TOTP, RFC 6238); at most one each."""

    __tablename__ = "authenticators"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    """The secret that the app shares with us, sealed with the row's id as what it is about."""
    last_step: Mapped[int] = mapped_column(BigInteger)
    """The 30 seconds whose code was used last; that code and older ones are worth nothing."""
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"authenticator of {self.user_id}"


class RecoveryCode(Base):
    """One of the codes that stand in for a lost factor, once."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class Passkey(Base):
    """A key pair of a person's (WebAuthn); we keep the public half."""

    __tablename__ = "passkeys"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user_handle: Mapped[str]
    """What the authenticator calls its owner: random, the same for all passkeys of one person."""
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    transports: Mapped[list[str]]
    is_synced: Mapped[bool]
    """Whether it may be on several devices of its owner."""
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"passkey {self.name!r} of {self.user_id}"


class TrustedBrowser(Base):
    """A browser on which a person wants no second factor to be asked for."""

    __tablename__ = "trusted_browsers"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    """Of the cookie, the person and their password: with a new password it fits no more."""
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str | None]
    user_agent: Mapped[str | None] = mapped_column(String(300))

    def __str__(self) -> str:
        return f"trusted browser of {self.user_id}"


class SpentProof(Base):
    """Something with which one proves who one is that works once: a passkey's challenge, half a sign-in."""

    __tablename__ = "spent_proofs"

    id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    def __str__(self) -> str:
        return self.id


class Link(Base):
    """A link in a mail that works once; its token is this id and a MAC."""

    __tablename__ = "links"
    __table_args__ = (UniqueConstraint("purpose", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    purpose: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(320))
    """Whom it is for: there is one link of a purpose for each, the newest."""
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(320))
    """The address that it was sent to."""
    state: Mapped[str]
    """What must be unchanged for it to work, as a keyed hash."""
    browser: Mapped[str | None] = mapped_column(String(64))
    """The mark of the browser on which it was asked for."""
    sealed_interaction: Mapped[str | None] = mapped_column(Text)
    """What the person came to do there."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]

    def __str__(self) -> str:
        return f"link {self.id} ({self.purpose})"


class Picture(Base):
    """What a person has uploaded of themselves, drawn anew; at most one each."""

    __tablename__ = "pictures"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    """Random: it is all that one needs to see the picture."""
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]

    def __str__(self) -> str:
        return f"picture of {self.user_id}"


class Milestone(Base):
    """Something that happens once, such as the making of the first administrator."""

    __tablename__ = "milestones"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]

    def __str__(self) -> str:
        return self.name
