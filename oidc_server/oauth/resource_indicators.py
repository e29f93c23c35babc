"""Resource indicators: for which APIs a token is meant (RFC 8707).

A scope belongs to one resource server, so naming resources narrows what a token allows to their scopes.
"""

from oidc_server.clients.metadata import OWN_SCOPES
from oidc_server.clients.resources import Resources
from oidc_server.oauth.errors import InvalidTarget

PARAMETER = "resource"


def asked(text: str | None, known: Resources) -> frozenset[str]:
    """The resources that a request names, none if it names none; InvalidTarget for one that we don't know (RFC 8707 §2)."""
    named = frozenset((text or "").split(" ")) - {""}
    if unknown := sorted(named - known.all):
        raise InvalidTarget(f"Received the resource {unknown[0]!r}, expected one of those that are registered here.")
    return named


def within(named: frozenset[str], granted: frozenset[str], allowed: frozenset[str], known: Resources) -> frozenset[str]:
    """The resources named, which must be among those granted or implied by scopes; InvalidTarget (RFC 8707 §2.2)."""
    available = granted or frozenset(known.audience(allowed))
    if beyond := sorted(named - available):
        raise InvalidTarget(f"The resource {beyond[0]!r} was not granted.")
    return named


def narrowed(scopes: frozenset[str], named: frozenset[str], known: Resources, *, keep_identity: bool) -> frozenset[str]:
    """The scopes that mean something to the resources named; all where none is named."""
    if not named:
        return scopes
    kept = frozenset(OWN_SCOPES) if keep_identity else frozenset[str]()
    return frozenset(scope for scope in scopes if known.of_scope.get(scope) in named or scope in kept)
