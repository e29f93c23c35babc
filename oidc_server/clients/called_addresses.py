"""Called addresses: what a client wants us to fetch, looked at when it registers (and again at every call, by the guard)."""

import json

from oidc_server.clients.metadata import ClientMetadata
from oidc_server.foundation.database import wait
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.outbound.failures import OutboundFailed, OutboundForbidden

_MEMBERS = ("jwks_uri", "sector_identifier_uri", "request_uris", "backchannel_logout_uri")


def check(outbound: Outbound, metadata: ClientMetadata) -> None:
    """Raise ValueError, saying why, unless each may be called and the sector is the client's; call it inside `Database.run`."""
    for member in _MEMBERS:
        value = getattr(metadata, member)
        for uri in value if isinstance(value, tuple) else [value] * (value is not None):
            try:
                wait(outbound.check(uri))
            except OutboundForbidden as error:
                raise ValueError(f"{member}: received {uri}, which this server must not call") from error
    if metadata.sector_identifier_uri is not None:
        _check_sector(outbound, metadata.sector_identifier_uri, metadata.redirect_uris)


def _check_sector(outbound: Outbound, uri: str, redirect_uris: tuple[str, ...]) -> None:
    """The document at the sector's address names every redirect URI (OpenID Connect Registration §5)."""
    try:
        named = json.loads(wait(outbound.document(uri)))
    except (OutboundFailed, ValueError, RecursionError) as error:
        raise ValueError(f"sector_identifier_uri: what is at {uri} cannot be read as JSON") from error
    if not isinstance(named, list) or (missing := [one for one in redirect_uris if one not in named]):
        shown = f"without {missing[0]}" if isinstance(named, list) else "which is no array"
        raise ValueError(f"sector_identifier_uri: received a document {shown}, expected all redirect_uris")
