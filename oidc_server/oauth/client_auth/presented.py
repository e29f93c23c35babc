"""What a request presents to prove which client sent it: exactly one thing (RFC 6749 §2.3)."""

import binascii
from base64 import b64decode
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from oidc_server.oauth.errors import InvalidClient, InvalidRequest
from oidc_server.oauth.parameters import OAuthRequest


@dataclass(frozen=True)
class Presented:
    """A client id, and the secret that came with it."""

    method: str
    client_id: str
    secret: str = field(default="", repr=False)
    unencoded: str = field(default="", repr=False)
    """The secret as HTTP Basic carried it, for the many clients that don't form-encode it."""


def by(request: OAuthRequest) -> Presented:
    """What the request presents; InvalidRequest for two things at once, InvalidClient for nothing readable."""
    headers = request.headers.getlist("authorization")
    client_id, secret = request.get("client_id"), request.get("client_secret")
    if len(headers) > 1 or (headers and secret is not None):
        raise InvalidRequest("The client authenticated in more than one way, expected one (RFC 6749 2.3).")
    if headers:
        presented = _basic(headers[0])
        if client_id not in (None, presented.client_id):
            raise InvalidRequest("client_id is not the client that the Authorization header names.")
        return presented
    if client_id is None:
        raise InvalidClient(because="no client authentication and no client_id")
    if secret is not None:
        return Presented("client_secret_post", client_id, secret)
    return Presented("none", client_id)


def _basic(header: str) -> Presented:
    """Read HTTP Basic; id and secret are form-encoded inside it (RFC 6749 §2.3.1)."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient(because="the Authorization header is not Basic")
    try:
        user, colon, password = b64decode(credentials.strip(), validate=True).decode().partition(":")
        client_id, secret = unquote_plus(user, errors="strict"), unquote_plus(password, errors="strict")
    except (binascii.Error, ValueError) as error:
        raise InvalidClient(because="the Basic credentials cannot be read") from error
    if not colon or "\0" in client_id + secret:
        raise InvalidClient(because="the Basic credentials have no colon or a NUL")
    return Presented("client_secret_basic", client_id, secret, password)
