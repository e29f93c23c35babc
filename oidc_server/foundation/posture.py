"""Posture: what an operator has allowed that a careful server forbids; it stands in the log at every start."""

from collections.abc import Callable

from oidc_server.settings.model import Settings

#: Each setting that relaxes something, and whether it does; one line each.
_RELAXATIONS: tuple[tuple[str, Callable[[Settings], bool]], ...] = (
    ("OIDC_REGISTRATION_MODE", lambda settings: settings.registration.mode != "off"),
    ("OIDC_REGISTRATION_RESPONSE_TYPES", lambda settings: set(settings.registration.response_types) != {"code"}),
    ("OIDC_SIGN_UP_MODE", lambda settings: settings.sign_up.mode == "open"),
    ("OIDC_SIGN_UP_REQUIRE_VERIFIED_EMAIL", lambda settings: settings.sign_up.require_verified_email is False),
    ("OIDC_PROTOCOL_REQUIRE_PKCE", lambda settings: not settings.protocol.require_pkce),
    ("OIDC_PROTOCOL_REQUEST_URI", lambda settings: settings.protocol.request_uri),
    ("OIDC_OUTBOUND_ALLOW", lambda settings: bool(settings.outbound.allow)),
)


def relaxed(settings: Settings) -> list[str]:
    """The settings by which this server is less strict than by default."""
    return [variable for variable, is_relaxed in _RELAXATIONS if is_relaxed(settings)]
