"""Claims: what a client may learn of a person, by scope (OpenID Connect Core §5.1, §5.4)."""

from collections.abc import Collection, Sequence, Set
from datetime import datetime
from typing import Any, Protocol

from oidc_server.accounts import tagged

BY_SCOPE: dict[str, tuple[str, ...]] = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
        "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    "roles": ("roles", "groups"),
}  # fmt: skip

#: The standard claims that are kept as they are given; the others are columns of their own.
STORED = tuple(
    name
    for names in BY_SCOPE.values()
    for name in names
    if name not in {"preferred_username", "updated_at", "email", "email_verified", "roles", "groups"}
)

#: What a client gets by a scope that it is registered for, and in no other way.
_BY_SCOPE_ALONE = frozenset(BY_SCOPE["roles"])

SUPPORTED = ("sub", *(name for names in BY_SCOPE.values() for name in names))
#: The claims that may be asked for singly (OpenID Connect Core §5.5).
REQUESTABLE = frozenset(SUPPORTED) - _BY_SCOPE_ALONE


class Person(Protocol):
    """What claims are made of: a user, or as many of their columns."""

    @property
    def username(self) -> str:
        """Their name here."""
        ...

    @property
    def email(self) -> str | None:
        """Their address."""
        ...

    @property
    def email_verified(self) -> bool:
        """Whether it is known to be theirs."""
        ...

    @property
    def roles(self) -> list[str]:
        """What they may do."""
        ...

    @property
    def groups(self) -> list[str] | None:
        """Where they belong."""
        ...

    @property
    def claims(self) -> dict[str, Any]:
        """The standard claims that are kept as they were given."""
        ...

    @property
    def updated_at(self) -> datetime:
        """When any of this last changed."""
        ...


def of(user: Person, scopes: Set[str], locales: Sequence[str] = ()) -> dict[str, Any]:
    """What these scopes tell of a user; claims without a value are left out (Core §5.3.2)."""
    return named(user, [name for scope, names in BY_SCOPE.items() if scope in scopes for name in names], locales)


def named(user: Person, names: Collection[str], locales: Sequence[str] = ()) -> dict[str, Any]:
    """These claims of a user, as far as they have a value, and in these languages too (Core §5.2)."""
    known = {
        **user.claims,
        # A name that is an address is told with the scope email, and not with profile.
        "preferred_username": None if "@" in user.username else user.username,
        "updated_at": int(user.updated_at.timestamp()),
        "email": user.email,
        "email_verified": user.email_verified if user.email else None,
        "roles": user.roles or None,
        "groups": user.groups or None,
    }
    told = {name: known[name] for name in names if known.get(name) not in (None, "", {}, [])}
    return {**told, **tagged.told(user.claims, names, locales)}
