"""Front-channel logout: hidden frames in which clients sign a person out (OpenID Connect Front-Channel Logout §3)."""

from collections.abc import Iterable
from uuid import UUID

from oidc_server.clients import redirect_uris
from oidc_server.clients.registry import Client
from oidc_server.foundation.web import security_headers
from oidc_server.oauth.authorize.responses import location


def addresses(clients: Iterable[Client], issuer: str, session_id: UUID) -> list[str]:
    """Where each client signs people out; those that want to know are told whose session of which server has ended."""
    found = ((client, client.metadata.frontchannel_logout_uri) for client in clients)
    return [_address(client, uri, issuer, session_id) for client, uri in found if uri]


def policy(frames: Iterable[str]) -> str:
    """The security policy of the page that shows these frames: they and no others, and our script that waits for them."""
    origins = sorted({origin for frame in frames if (origin := redirect_uris.origin(frame))})
    return f"{security_headers.PAGE_POLICY}; script-src 'self'; frame-src {' '.join(origins)}"


def _address(client: Client, uri: str, issuer: str, session_id: UUID) -> str:
    if not client.metadata.frontchannel_logout_session_required:
        return uri
    return location(uri, {"iss": issuer, "sid": str(session_id)})
