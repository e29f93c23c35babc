"""tls_client_auth and self_signed_tls_client_auth: the client has shown a certificate in its TLS handshake (RFC 8705 §2).

Whoever ended that handshake, our own TLS or a proxy, has made sure that the client holds the key; for tls_client_auth it has
also verified the chain up to a root that the operator believes. We compare what it tells us.
"""

from cryptography import x509

from oidc_server.clients import certificates
from oidc_server.clients.key_sets import KeySets, Unverified
from oidc_server.clients.registry import Client, Registry
from oidc_server.foundation import clock
from oidc_server.oauth.client_auth.presented import Presented
from oidc_server.oauth.errors import InvalidClient


class CertificateAuthentication:
    """Compares the certificate with what the client registered."""

    def __init__(self, methods: tuple[str, ...], registry: Registry, sets: KeySets) -> None:
        self.methods = methods
        self._registry = registry
        self._key_sets = sets

    def authenticate(self, presented: Presented) -> Client:
        """The client, if the certificate is its own."""
        client = self._registry.find(presented.client_id)
        if client is None:
            raise InvalidClient(because="unknown or disabled client")
        if presented.certificate is None:
            raise InvalidClient(because="no client certificate")
        certificate = presented.certificate.certificate
        if not certificate.not_valid_before_utc <= clock.now() <= certificate.not_valid_after_utc:
            raise InvalidClient(because="the client certificate has expired, or is not valid yet")
        if presented.method != "tls_client_auth":
            self._check_key(client, certificate)
        elif presented.certificate.is_issued:
            self._check_name(client, certificate)
        else:
            raise InvalidClient(because="nobody has verified who issued the client certificate")
        return client

    def _check_name(self, client: Client, certificate: x509.Certificate) -> None:
        for member in certificates.MEMBERS:
            if (value := getattr(client.metadata, member)) is not None:
                if certificates.has_name(certificate, member, value):
                    return
                raise InvalidClient(because=f"the client certificate has another name than {member}")
        raise InvalidClient(because="the client has registered no name of a certificate")

    def _check_key(self, client: Client, certificate: x509.Certificate) -> None:
        """Whether its key is one of the client's: it changes its certificate by publishing another (RFC 8705 §2.2)."""
        try:
            self._key_sets.require_key(client, certificate.public_key())
        except Unverified as error:
            raise InvalidClient(because=f"client certificate: {error}") from error
