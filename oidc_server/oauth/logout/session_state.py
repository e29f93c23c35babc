"""Session state: lets a client's page notice, without asking, that who is signed in has changed (Session Management §2)."""

from hashlib import sha256

from oidc_server.clients import redirect_uris
from oidc_server.foundation.encoding import b64url
from oidc_server.foundation.identifiers import new_secret
from oidc_server.oauth.authorize.asked import AuthorizationRequest

_SALT_BYTES = 16


def parameters(asked: AuthorizationRequest, browser_state: str) -> dict[str, str]:
    """What a successful answer to an OpenID Connect request holds besides; nothing for a client that has no web origin."""
    origin = redirect_uris.origin(asked.redirect_uri)
    if origin is None or "openid" not in asked.scopes:
        return {}
    return {"session_state": make(asked.client.client_id, origin, browser_state, new_secret(_SALT_BYTES))}


def make(client_id: str, origin: str, browser_state: str, salt: str) -> str:
    """A salted hash over the client, its origin and the browser's state (Session Management §3.2).

    The script of /check_session hashes the same, in the same order.
    """
    digest = sha256(f"{client_id} {origin} {browser_state} {salt}".encode()).digest()
    return f"{b64url(digest)}.{salt}"
