"""Discovery: what this server can do, told as it is mounted (OpenID Connect Discovery §3, RFC 8414 §2)."""

import json
from hashlib import sha256
from typing import Any

from oidc_server.accounts import claims
from oidc_server.clients.metadata import IDENTITY_SCOPES
from oidc_server.foundation.encoding import b64url
from oidc_server.oauth import pkce
from oidc_server.oauth.authorize import checks
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.settings import Settings

#: The member of the metadata that names each endpoint, and its path; a test holds both against the routes.
ENDPOINTS = {
    "authorization_endpoint": "/authorize",
    "token_endpoint": "/token",
    "device_authorization_endpoint": "/device_authorization",
    "jwks_uri": "/jwks",
    "userinfo_endpoint": "/userinfo",
    "revocation_endpoint": "/revoke",
    "introspection_endpoint": "/introspect",
    "end_session_endpoint": "/logout",
}


def metadata(settings: Settings, server: AuthorizationServer) -> dict[str, Any]:
    """The document at both well-known addresses."""
    methods = server.authentication_methods
    return {
        "issuer": settings.issuer,
        **{member: settings.issuer + path for member, path in ENDPOINTS.items()},
        "scopes_supported": list(IDENTITY_SCOPES),
        "response_types_supported": server.response_types,
        "response_modes_supported": list(checks.RESPONSE_MODES),
        "grant_types_supported": server.grant_types,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": list(pkce.METHODS),
        "prompt_values_supported": list(checks.PROMPTS),
        "acr_values_supported": ["1"],
        "claims_supported": [*claims.SUPPORTED, "auth_time", "acr", "amr", "sid"],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    }


class Document:
    """A document that is made once and sent as it is."""

    def __init__(self, value: Any) -> None:
        self.body = json.dumps(value, separators=(",", ":")).encode()
        self.etag = f'"{b64url(sha256(self.body).digest()[:12])}"'


def well_known_paths(settings: Settings) -> tuple[str, ...]:
    """Where the metadata stand: OpenID's way behind the issuer's path, RFC 8414's way before it (RFC 8414 §3.1)."""
    base = settings.base_path
    found = [f"{base}/.well-known/openid-configuration", f"{base}/.well-known/oauth-authorization-server"]
    if base:
        found += [f"/.well-known/oauth-authorization-server{base}", f"/.well-known/openid-configuration{base}"]
    return tuple(found)
