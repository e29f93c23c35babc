"""Posture: what an operator has allowed that a careful server forbids; it stands in the log at every start."""

from collections.abc import Callable

from oidc_server.settings import Settings

#: Each setting that relaxes something, and whether it does; one line each.
_RELAXATIONS: tuple[tuple[str, Callable[[Settings], bool]], ...] = (
    ("OIDC_REGISTRATION_MODE", lambda settings: settings.registration.mode != "off"),
)


def relaxed(settings: Settings) -> list[str]:
    """The settings by which this server is less strict than by default."""
    return [variable for variable, is_relaxed in _RELAXATIONS if is_relaxed(settings)]
