"""Descriptions of the endpoints' parameters, as OpenAPI writes them; the endpoints themselves read requests more strictly."""

from typing import Any

_FIELDS = {
    "grant_type": (
        "What is exchanged: authorization_code, refresh_token, client_credentials, password or"
        " urn:ietf:params:oauth:grant-type:device_code."
    ),
    "code": "authorization_code: the code that came to the redirect URI.",
    "redirect_uri": "Where the answer goes: one of the client's redirect URIs, letter for letter.",
    "code_verifier": "authorization_code: the PKCE verifier (RFC 7636).",
    "refresh_token": "refresh_token: the refresh token; the answer holds its successor.",
    "device_code": "device_code: the device code from /device_authorization.",
    "username": "password: the person's user name.",
    "password": "password: the person's password.",
    "scope": "Scopes, parted by spaces.",
    "client_id": "The client, unless it authenticates with HTTP Basic.",
    "client_secret": "The client's secret, for client_secret_post.",
    "token": "The access or refresh token in question.",
    "token_type_hint": "access_token or refresh_token; only a hint.",
    "response_type": "code.",
    "response_mode": "How the answer comes back; query if it is left out.",
    "state": "Comes back as it was sent.",
    "nonce": "Comes back in the ID token.",
    "code_challenge": "The PKCE challenge of the verifier (RFC 7636).",
    "code_challenge_method": "S256.",
    "prompt": "none, login, consent or select_account.",
    "display": "page, popup, touch or wap; popup makes the pages compact.",
    "max_age": "Seconds since the person proved who they are, at most.",
    "login_hint": "What to fill into the login form.",
    "id_token_hint": "An ID token of the person who is expected, or who signs out.",
    "post_logout_redirect_uri": "Where to go after signing out: one of the client's, letter for letter.",
}
TOKEN = (
    "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "device_code", "username", "password", "scope",
    "client_id", "client_secret",
)  # fmt: skip
DEVICE = ("scope", "client_id", "client_secret")
ABOUT_A_TOKEN = ("token", "token_type_hint", "client_id", "client_secret")
AUTHORIZE = (
    "client_id", "response_type", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "prompt", "display", "max_age", "login_hint", "id_token_hint", "response_mode",
)  # fmt: skip
REGISTRATION = {
    "type": "object",
    "description": "Client metadata (RFC 7591 2, OpenID Connect Dynamic Client Registration 1.0 2).",
    "properties": {"redirect_uris": {"type": "array", "items": {"type": "string"}}, "client_name": {"type": "string"}},
}
LOGOUT = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


def form(names: tuple[str, ...], *required: str) -> dict[str, Any]:
    """An operation whose parameters come in a form; clients may authenticate with HTTP Basic."""
    schema = {"type": "object", "required": list(required), "properties": {name: _string(name) for name in names}}
    return {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}}


def json_body(schema: dict[str, Any]) -> dict[str, Any]:
    """An operation that reads a JSON document."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def query(names: tuple[str, ...]) -> dict[str, Any]:
    """An operation whose parameters come in the query."""
    return {"parameters": [{"name": name, "in": "query", "schema": _string(name)} for name in names]}


def path(name: str) -> dict[str, Any]:
    """An operation with a parameter in its path."""
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": _string(name)}]}


def _string(name: str) -> dict[str, str]:
    return {"type": "string", "description": _FIELDS[name]}
