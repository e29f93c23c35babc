"""What a request presents to prove which client sent it: exactly one thing (RFC 6749 §2.3)."""

import binascii
from base64 import b64decode
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from oidc_server.clients import key_sets
from oidc_server.clients.key_sets import Unverified
from oidc_server.foundation.web.client_certificate import Shown
from oidc_server.oauth.errors import InvalidClient, InvalidRequest
from oidc_server.oauth.parameters import OAuthRequest

#: A client that authenticates like this only says who it is: its certificate is shown elsewhere (RFC 8705 §2).
BY_CERTIFICATE = ("tls_client_auth", "self_signed_tls_client_auth")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Presented:
    """A client id, and the secret that came with it."""

    method: str
    client_id: str
    secret: str = field(default="", repr=False)
    unencoded: str = field(default="", repr=False)
    """The secret as HTTP Basic carried it, for the many clients that don't form-encode it."""
    assertion: str = field(default="", repr=False)
    """A JWT that the client signed."""
    media_type: str = ""
    """The `typ` of that JWT, without its `application/` (RFC 7515 §4.1.9)."""
    endpoint: str = ""
    """Our own address to which the request came."""
    certificate: Shown | None = None
    """What the client showed in its TLS handshake."""


def by(request: OAuthRequest) -> Presented:
    """What the request presents; InvalidRequest for two things at once, InvalidClient for nothing readable."""
    headers = request.headers.getlist("authorization")
    client_id, secret = request.get("client_id"), request.get("client_secret")
    assertion = request.get("client_assertion")
    if len(headers) + (secret is not None) + (assertion is not None) > 1:
        raise InvalidRequest("The client authenticated in more than one way, expected one (RFC 6749 2.3).")
    if assertion is not None or request.get("client_assertion_type") is not None:
        return _assertion(assertion or "", client_id, request)
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


def _assertion(assertion: str, client_id: str | None, request: OAuthRequest) -> Presented:
    """Read a client assertion: its subject is the client, its algorithm says which kind of key signed it (RFC 7523 §2.2)."""
    if request.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidRequest(f"client_assertion_type must be {ASSERTION_TYPE} (RFC 7523 2.2).")
    try:
        header, subject = key_sets.header_of(assertion), key_sets.claims_of(assertion).get("sub")
    except Unverified as error:
        raise InvalidClient(because=f"client_assertion: {error}") from error
    if not isinstance(subject, str) or client_id not in (None, subject):
        raise InvalidClient(because="client_assertion: its sub is not the client_id")
    method = "client_secret_jwt" if str(header.get("alg")).startswith("HS") else "private_key_jwt"
    media_type = str(header.get("typ", "")).lower().removeprefix("application/")
    return Presented(method, subject, assertion=assertion, media_type=media_type, endpoint=request.uri)


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
