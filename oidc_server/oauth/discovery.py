"""Discovery: what this server can do, told as it is mounted (OpenID Connect Discovery §3, RFC 8414 §2)."""

import json
from hashlib import sha256
from typing import Any, get_args

from oidc_server.accounts import claims
from oidc_server.clients.key_sets import ASYMMETRIC, SYMMETRIC
from oidc_server.clients.metadata import IDENTITY_SCOPES, ContentEncryption, KeyManagement
from oidc_server.foundation import languages
from oidc_server.foundation.encoding import b64url
from oidc_server.keys import jwt
from oidc_server.oauth import pkce
from oidc_server.oauth.authorize import checks
from oidc_server.oauth.server import AuthorizationServer
from oidc_server.settings.model import Settings

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
    "check_session_iframe": "/check_session",
}
#: Where clients authenticate.
_AUTHENTICATED = (
    "token_endpoint",
    "device_authorization_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
)
REGISTRATION_PATH = "/register"
#: How clients hear that a session has ended (Back-Channel Logout §2.1, Front-Channel Logout §3).
LOGOUTS = (
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "frontchannel_logout_supported",
    "frontchannel_logout_session_supported",
)


def metadata(settings: Settings, server: AuthorizationServer) -> dict[str, Any]:
    """The document at both well-known addresses."""
    methods = server.authentication_methods
    return {
        "issuer": settings.issuer,
        **{member: settings.issuer + path for member, path in _endpoints(settings).items()},
        "scopes_supported": list(IDENTITY_SCOPES),
        "response_types_supported": server.response_types,
        "response_modes_supported": list(checks.RESPONSE_MODES),
        "grant_types_supported": server.grant_types,
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": list(jwt.ALGORITHMS),
        "userinfo_signing_alg_values_supported": list(jwt.ALGORITHMS),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": [*ASYMMETRIC, *SYMMETRIC],
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": [*ASYMMETRIC, *SYMMETRIC],
        "introspection_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_signing_alg_values_supported": [*ASYMMETRIC, *SYMMETRIC],
        **{
            f"{what}_encryption_{kind}_values_supported": list(get_args(values))
            for what in ("id_token", "userinfo")
            for kind, values in (("alg", KeyManagement), ("enc", ContentEncryption))
        },
        "introspection_signing_alg_values_supported": list(jwt.ALGORITHMS),
        "code_challenge_methods_supported": list(pkce.METHODS),
        "prompt_values_supported": list(checks.prompts_of(server)),
        "display_values_supported": list(checks.DISPLAYS),
        "acr_values_supported": list(checks.ACR_VALUES),
        "ui_locales_supported": list(languages.tags()),
        "claims_supported": [*claims.SUPPORTED, "auth_time", "acr", "amr", "sid"],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": server.request_objects.by_reference,
        "require_request_uri_registration": True,
        "request_object_signing_alg_values_supported": ["none", *ASYMMETRIC, *SYMMETRIC],
        **_request_encryption(settings),
        **dict.fromkeys(LOGOUTS, True),
        "authorization_response_iss_parameter_supported": True,
        **_aliases(settings),
    }


def _request_encryption(settings: Settings) -> dict[str, Any]:
    if not settings.protocol.request_encryption:
        return {}
    return {
        "request_object_encryption_alg_values_supported": list(jwt.ENCRYPTED_TO_US),
        "request_object_encryption_enc_values_supported": list(jwt.CONTENT_ENCRYPTED_TO_US),
    }


def _aliases(settings: Settings) -> dict[str, Any]:
    """Where clients find the endpoints at which they show certificates (RFC 8705 §5)."""
    if settings.mtls.url is None or not settings.mtls.methods:
        return {}
    return {"mtls_endpoint_aliases": {member: settings.mtls.url + ENDPOINTS[member] for member in _AUTHENTICATED}}


def _endpoints(settings: Settings) -> dict[str, str]:
    if settings.registration.mode == "off":
        return ENDPOINTS
    return {**ENDPOINTS, "registration_endpoint": REGISTRATION_PATH}


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
