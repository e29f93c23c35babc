"""Scopes: which of those asked for may be granted (RFC 6749 §3.3, OpenID Connect Core §3.1.2.1, §11)."""

import re
from collections.abc import Collection, Mapping

from oidc_server.clients.metadata import OWN_SCOPES
from oidc_server.foundation.languages import N_, Text
from oidc_server.oauth.errors import InvalidGrant, InvalidScope
from oidc_server.settings.kinds import SCOPE_NAME

_SYNTAX = re.compile(f"{SCOPE_NAME}(?: {SCOPE_NAME})*")

#: What the consent page says of OpenID Connect's own scopes.
WORDS = {
    "openid": N_("Know who you are"),
    "profile": N_("See your name and profile"),
    "email": N_("See your e-mail address"),
    "address": N_("See your postal address"),
    "phone": N_("See your phone number"),
    "roles": N_("See your roles and groups"),
    "account": N_("See and change your account"),
    "offline_access": N_("Stay connected when you are not using it"),
}


def in_words(asked: Collection[str], words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Scopes and what a person is told of each, with the words of resource servers for theirs.

    OpenID Connect's own come first, in their usual order, then the others by name.
    """
    own = [scope for scope in WORDS if scope in asked]
    told = {**words, **WORDS}
    return [(scope, told.get(scope) or worded(scope)) for scope in own + sorted(set(asked) - set(own))]


def worded(name: str) -> str:
    """What the consent page says of what nobody has found words for: a single claim, or a resource server's scope."""
    kind, _, claim = name.partition(":")
    if kind != "claim" or not claim:
        return name
    return Text(N_("See your %(claim)s"), claim=claim.replace("_", " "))


def parse(text: str | None) -> frozenset[str]:
    """The scopes in a parameter, none if there is no parameter; InvalidScope if it is malformed."""
    if text is None:
        return frozenset()
    if not _SYNTAX.fullmatch(text):
        raise InvalidScope("scope must be names of printable characters parted by single spaces (RFC 6749 3.3).")
    return frozenset(text.split(" "))


def for_person(
    requested: frozenset[str], allowed: frozenset[str], known: frozenset[str], *, may_refresh: bool
) -> frozenset[str]:
    """What a person may be asked to grant: unknown scopes are ignored, known ones must be the client's."""
    asked = requested & (known | frozenset(OWN_SCOPES))
    if refused := sorted(asked - allowed):
        raise InvalidScope(
            f"The client is not registered for the scope {refused[0]!r}.", because=f"allowed: {sorted(allowed)}"
        )
    if not may_refresh:
        asked -= {"offline_access"}
    if not asked:
        raise InvalidScope("scope names nothing that this server knows; expected openid or a resource server's scope.")
    return asked


def for_client(requested: frozenset[str], allowed: frozenset[str], known: frozenset[str]) -> frozenset[str]:
    """What a client gets for itself: no scope about a person, and all it is registered for when it names none."""
    available = (allowed & known) - frozenset(OWN_SCOPES)
    if refused := sorted(requested - available):
        raise InvalidScope(
            f"The client cannot have the scope {refused[0]!r} for itself.", because=f"available: {sorted(available)}"
        )
    return requested or available


def today(granted: Collection[str], allowed: frozenset[str], known: frozenset[str]) -> frozenset[str]:
    """What is left of a grant: scopes that the client may still have and that still mean something."""
    left = frozenset(granted) & allowed & (known | frozenset(OWN_SCOPES))
    if not left:
        raise InvalidGrant("Nothing that was granted is allowed to the client any more.", because="no scope left")
    return left


def narrowed(requested: str | None, granted: frozenset[str]) -> frozenset[str]:
    """What a refresh request gets: what was granted, or the part of it that it asks for (RFC 6749 §6)."""
    asked = parse(requested)
    if refused := sorted(asked - granted):
        raise InvalidScope(f"The scope {refused[0]!r} was not granted.")
    return asked or granted
