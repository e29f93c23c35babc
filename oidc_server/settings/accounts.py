"""Settings of people's accounts."""

import os
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from oidc_server.settings.kinds import Duration, Group, listed


class PasswordSettings(Group):
    """How passwords are kept."""

    scheme: Literal["bcrypt_sha256", "argon2"] = "bcrypt_sha256"
    """The hash of new passwords; others are upgraded to it when their owner signs in."""
    bcrypt_rounds: int = Field(default=12, ge=4, le=31)
    """bcrypt's cost: each step doubles the work. Below 10 only in development."""
    min_length: int = Field(default=8, ge=1, le=128)
    """The fewest characters of a new password."""
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Threads of each worker that hash passwords, so that sign-ins never hold up tokens."""
    queue: int = Field(default=32, ge=1)
    """Sign-ins that may wait for such a thread; the next one is told to come back (503)."""


class PrivacySettings(Group):
    """What is kept of people who leave."""

    deleted_kept_for: Duration = timedelta(days=30)
    """How long an account that its owner deleted can be given back; then it is erased."""


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
