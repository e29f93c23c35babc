"""A client's certificate, as the proxy that ended its TLS connection tells it: in a header that only that proxy may set."""

import binascii
from base64 import b64decode
from urllib.parse import unquote

from cryptography import x509
from starlette.types import Scope

from oidc_server.foundation.web import caller
from oidc_server.settings.model import Settings

KEY = "oidc_server.client_certificate"
_MAX_LENGTH = 16_384
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


class Unreadable(Exception):
    """A header that holds no certificate, or more than one; the text is for the log."""


def note(scope: Scope, settings: Settings) -> None:
    """Keep what a trusted proxy says of the client's certificate; what anybody else says is not even looked at."""
    name = settings.mtls.header
    if name is None or not caller.is_from_proxy(scope, settings.trusted_proxies):
        return
    wanted = name.lower().encode()
    if sent := [value for header, value in scope["headers"] if header == wanted and value]:
        scope[KEY] = sent


def read(scope: Scope) -> x509.Certificate | None:
    """The client's certificate, None if it has shown none; Unreadable if it can't be told which one that is."""
    sent: list[bytes] = scope.get(KEY, [])
    if not sent:
        return None
    if len(sent) > 1:
        raise Unreadable("the certificate's header was sent more than once")
    try:
        return _parsed(sent[0].decode("ascii"))
    except (ValueError, binascii.Error) as error:
        raise Unreadable(f"the certificate cannot be read ({type(error).__name__})") from error


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
