"""Certificate authorities, and the certificates that they issue to clients."""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENTS = ExtendedKeyUsageOID.CLIENT_AUTH
SERVERS = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True)
class Holder:
    """Somebody who holds a certificate and its key, in files."""

    certificate: Path
    key: Path

    def context(self, trusted: Path) -> ssl.SSLContext:
        """TLS as its holder speaks it, who trusts one server's certificate."""
        context = ssl.create_default_context(cafile=trusted)
        context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True)
class Authority:
    """Issues certificates; what it writes lies in one folder."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def file(self) -> Path:
        """Its own certificate."""
        path = self.folder / f"{self.name}.pem"
        if not path.exists():
            made = _begun(self.name, self.name, self.key.public_key(), days=30)
            made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            path.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path

    def issue(self, name: str, *, days: int = 30, usage: x509.ObjectIdentifier = CLIENTS) -> Holder:
        """A certificate for a client, which has its name as a DNS name too."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _begun(name, self.name, key.public_key(), days=days)
        alternative = x509.SubjectAlternativeName([x509.DNSName(f"{name}.example.com")])
        made = made.add_extension(alternative, critical=False)
        made = made.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return self._written(f"{self.name}-{name}", made.sign(self.key, hashes.SHA256()), key)

    def self_signed(self, name: str) -> Holder:
        """A certificate for which nobody vouches but its holder; only its files lie here."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _begun(name, name, key.public_key(), days=30).sign(key, hashes.SHA256())
        return self._written(f"self-{name}", made, key)

    def _written(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Holder:
        files = Holder(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        return files


def _begun(name: str, issuer: str, key: ec.EllipticCurvePublicKey, *, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
    )
