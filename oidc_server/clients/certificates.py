"""Certificates: which one is a client's, by the one name that it registered (RFC 8705 §2.1.2)."""

import ipaddress

from cryptography import x509

#: The member of the metadata that names a certificate, and what it is compared with.
MEMBERS = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)


def check(member: str, value: str) -> None:
    """Raise ValueError unless this can be the name of a certificate."""
    if member == "tls_client_auth_subject_dn":
        try:
            if not list(_name(value)):
                raise ValueError("empty")
        except ValueError as error:
            raise ValueError("must be a distinguished name such as CN=client,O=Example (RFC 4514)") from error
    elif member == "tls_client_auth_san_ip":
        ipaddress.ip_address(value)
    elif not value.isascii() or not value:
        raise ValueError("must be ASCII (RFC 5280 §4.2.1.6)")


def has_name(certificate: x509.Certificate, member: str, value: str) -> bool:
    """Whether a certificate has this name."""
    if member == "tls_client_auth_subject_dn":
        return certificate.subject == _name(value)
    names = _alternative_names(certificate)
    if member == "tls_client_auth_san_ip":
        return ipaddress.ip_address(value) in names.get_values_for_type(x509.IPAddress)
    if member == "tls_client_auth_san_dns":
        return value.lower() in {one.lower() for one in names.get_values_for_type(x509.DNSName)}
    if member == "tls_client_auth_san_uri":
        return value in names.get_values_for_type(x509.UniformResourceIdentifier)
    return value in names.get_values_for_type(x509.RFC822Name)


def _name(text: str) -> x509.Name:
    return x509.Name.from_rfc4514_string(text)


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return x509.SubjectAlternativeName([])
