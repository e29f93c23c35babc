"""A client's certificate: the one place that decides whose word for it counts.

On a connection on which our own TLS asked for it, that handshake and nothing else; on any other, a trusted proxy's header.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from starlette.types import Scope

from oidc_server.foundation.web import caller
from oidc_server.settings.model import Settings

KEY = "oidc_server.client_certificate"
_MAX_LENGTH = 16_384
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


class Unreadable(Exception):
    """What holds no certificate, or more than one; the text is for the log."""


@dataclass(frozen=True)
class Shown:
    """A certificate whose key the client has proven to hold."""

    certificate: x509.Certificate
    is_issued: bool
    """Whether an authority that the operator trusts has issued it, so that the names in it are true."""


@dataclass(frozen=True)
class _Told:
    """What we are told, not read yet: most requests need no certificate."""

    texts: list[bytes]
    is_issued: bool


def note(scope: Scope, settings: Settings) -> None:
    """Keep what is known of the client's certificate; what somebody else says of it is not even looked at."""
    tls = scope.get("extensions", {}).get("tls")
    if tls is not None and settings.mtls.ca_file is not None:
        scope[KEY] = _Told(_of_handshake(tls), is_issued=True)
        return
    name = settings.mtls.header
    if name is None or not caller.is_from_proxy(scope, settings.trusted_proxies):
        return
    wanted = name.lower().encode()
    if sent := [value for header, value in scope["headers"] if header == wanted and value]:
        scope[KEY] = _Told(sent, settings.mtls.verified)


def read(scope: Scope) -> Shown | None:
    """The client's certificate, None if it has shown none; Unreadable if it can't be told which one that is."""
    told: _Told | None = scope.get(KEY)
    if told is None or not told.texts:
        return None
    if len(told.texts) > 1:
        raise Unreadable("the certificate's header was sent more than once")
    try:
        return Shown(_parsed(told.texts[0].decode("ascii")), told.is_issued)
    except (ValueError, binascii.Error) as error:
        raise Unreadable(f"the certificate cannot be read ({type(error).__name__})") from error


def _of_handshake(tls: dict[str, Any]) -> list[bytes]:
    """The certificate that the handshake has verified, as ASGI's extension for TLS tells it; the first is the client's own."""
    if tls.get("client_cert_error") is not None:
        return []
    return [one.encode("ascii") for one in tls.get("client_cert_chain", ())][:1]


def _parsed(text: str) -> x509.Certificate:
    """A certificate as RFC 9440 writes it (`:base64 of DER:`), or URL-encoded PEM as nginx and others do."""
    if len(text) > _MAX_LENGTH:
        raise ValueError("too long")
    if text.startswith(":") and text.endswith(":"):
        return x509.load_der_x509_certificate(b64decode(text[1:-1], validate=True))
    pem = unquote(text).strip()
    # Its reader would pass over anything around and between certificates.
    if not pem.startswith(_BEGIN) or not pem.endswith(_END) or pem.count(_BEGIN) != 1:
        raise ValueError("not one certificate")
    return x509.load_pem_x509_certificate(pem.encode("ascii"))
