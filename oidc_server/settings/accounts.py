"""Settings of people's accounts."""

import os
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from oidc_server.settings.kinds import Duration, Group, WebUrl, listed


class PasswordSettings(Group):
    """How passwords are kept."""

    scheme: Literal["bcrypt_sha256", "argon2"] = "bcrypt_sha256"
    """The hash of new passwords; others are upgraded to it when their owner signs in."""
    bcrypt_rounds: int = Field(default=12, ge=4, le=31)
    """bcrypt's cost: each step doubles the work. Below 10 only in development."""
    min_length: int = Field(default=8, ge=1, le=128)
    """The fewest characters of a new password."""
    min_strength: int = Field(default=2, ge=0, le=4)
    """How hard a new password must be to guess, as zxcvbn counts: 2 takes a million guesses, 3 a hundred million, 0 any."""
    breach_url: WebUrl | None = None
    """Who is asked whether a new password has leaked, such as https://api.pwnedpasswords.com/range; told a piece of a hash."""
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Threads of each worker that hash passwords, so that sign-ins never hold up tokens."""
    queue: int = Field(default=32, ge=1)
    """Sign-ins that may wait for such a thread; the next one is told to come back (503)."""


class SignUpSettings(Group):
    """How people make their own accounts."""

    mode: Literal["off", "invitation", "open"] | None = None
    """Who may sign up: nobody, whom an operator invited, or everybody; by default nobody, and everybody in development."""
    require_verified_email: bool | None = None
    """Whoever signed up must open the link in our mail before they can sign in; by default so, but in development."""
    terms_url: WebUrl | None = None
    """The terms that people agree to when they sign up; without it they are not asked."""
    terms_version: Annotated[str, Field(min_length=1, max_length=64)] = "1"
    """Which terms these are: kept with each account that agreed to them, with the time."""
    unconfirmed_for: Duration = timedelta(days=7)
    """An account whose address was not confirmed for so long is removed."""


class LinkSettings(Group):
    """How long the links in our mails work."""

    verify_email: Duration = timedelta(days=1)
    """One that confirms the address of a new account."""
    reset_password: Duration = timedelta(hours=1)
    """One behind which a new password is chosen."""
    change_email: Duration = timedelta(days=1)
    """One that confirms the new address of an account."""
    invitation: Duration = timedelta(days=7)
    """One behind which somebody who was invited signs up."""


class PrivacySettings(Group):
    """What is kept of people, and for how long."""

    deleted_kept_for: Duration = timedelta(days=30)
    """How long an account that its owner deleted can be given back; then it is erased."""
    addresses_kept_for: Duration | None = None
    """How long network addresses stay in audit events and, with the browser, in ended sessions; by default as long as those."""


class PictureSettings(Group):
    """Pictures that people upload of themselves."""

    max_bytes: int = Field(default=2 * 1024 * 1024, ge=1024)
    """The largest file in bytes; a larger one is refused with 413."""
    max_pixels: int = Field(default=25_000_000, ge=65_536)
    """The most pixels that such a file may hold: drawing one takes up to 8 bytes of memory for each."""
    workers: int = Field(default=1, ge=1)
    """Threads of each worker that draw pictures."""
    queue: int = Field(default=8, ge=1)
    """Pictures that may wait for such a thread; the next one is told to come back (503)."""


class ProjectSettings(Group):
    """Projects, in which people register clients of their own."""

    created_by: Literal["nobody", "developers", "everybody"] = "nobody"
    """Who may make a project: nobody, people with the role `developer`, or everybody."""
    per_user: int = Field(default=10, ge=1)
    """Projects that one person may own at a time."""
    clients_per_project: int = Field(default=20, ge=1)
    """Clients that a project may have."""
    members_per_project: int = Field(default=50, ge=1)
    """People who may be members of a project."""


class LdapSettings(Group):
    """How LDAP servers are asked about passwords."""

    timeout: Duration = timedelta(seconds=5)
    """How long a connection, and each answer on it, may take."""
    workers: int = Field(default=4, ge=1)
    """Threads of each worker that ask, so that a server that hangs holds up nobody else."""
    queue: int = Field(default=32, ge=1)
    """Sign-ins that may wait for such a thread; the next one is told to come back (503)."""


class ThrottleSettings(Group):
    """How often somebody may guess."""

    user_failures: int = Field(default=10, ge=1)
    """Failed sign-ins for one user name in a window."""
    address_failures: int = Field(default=50, ge=1)
    """Failed sign-ins from one address (IPv6: one /64 network) in a window."""
    device_failures: int = Field(default=10, ge=1)
    """Wrong device codes from one address, or by one person, in a window."""
    mails_per_account: int = Field(default=5, ge=1)
    """Mails that strangers can cause to one account or address in an hour: links to sign up, to choose a new password."""
    mails_per_address: int = Field(default=30, ge=1)
    """Times that such a mail may be asked for from one network address (IPv6: one /64 network) in an hour."""
    window: Duration = timedelta(minutes=5)
    """How long failures are counted, from the first one."""


class FactorSettings(Group):
    """Second factors."""

    required_for: Literal["nobody", "administrators", "everybody"] = "nobody"
    """Who must have a second factor. Whoever has one is asked for it, also where nobody must."""
    required_roles: Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed)] = ()
    """Roles, separated by commas, whose people must have one besides."""
    trust_browsers: bool = True
    """Let people choose not to be asked again on a browser of their own."""
    trusted_for: Duration = timedelta(days=30)
    """How long such a browser is trusted."""
    failures: int = Field(default=5, ge=1)
    """Wrong second factors of one person in a window, of all kinds and on all pages together."""
    window: Duration = timedelta(minutes=15)
    """How long they are counted, from the first one."""
