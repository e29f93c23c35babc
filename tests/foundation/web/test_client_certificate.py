"""A client's certificate: whose word for it counts."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from oidc_server.foundation.web import client_certificate
from oidc_server.settings.model import Settings
from tests.authorities import Authority

HEADER = "client-cert"
PROXY, STRANGER = "198.51.100.9", "203.0.113.9"


@pytest.fixture
def shown(tmp_path: Any) -> dict[str, str]:
    """Two certificates as PEM, by the name in them."""
    authority = Authority(tmp_path, "authority")
    return {name: authority.issue(name).certificate.read_text().strip() for name in ("billing", "shipping")}


def believing(*, own_tls: bool, verified: bool = False) -> Settings:
    mtls: dict[str, Any] = {"header": HEADER, "verified": verified, "url": "https://mtls.id.example.com"}
    if own_tls:
        mtls["ca_file"] = "clients-ca.pem"
    return Settings(_env_file=None, mtls=mtls, trusted_proxies=[f"{PROXY}/32"])


def seen(settings: Settings, sender: str, *, tls: Any = None, header: str | None = None) -> tuple[str, bool] | None:
    """The name in the certificate that counts, and whether that name does."""
    headers = [(HEADER.encode(), header.replace("\n", "%0A").encode())] if header else []
    scope: dict[str, Any] = {"type": "http", "client": (sender, 1), "headers": headers}
    if tls is not None:
        scope["extensions"] = {"tls": tls}
    client_certificate.note(scope, settings)
    found = client_certificate.read(scope)
    if found is None:
        return None
    assert found.certificate.public_bytes(Encoding.DER)
    return found.certificate.subject.rfc4514_string(), found.is_issued


def test_where_we_asked_the_handshake_counts_alone(shown: dict[str, str]) -> None:
    settings = believing(own_tls=True)
    tls = {"client_cert_chain": [shown["billing"]], "client_cert_error": None}
    nothing: dict[str, Any] = {"client_cert_chain": [], "client_cert_error": None}
    for sender in (PROXY, STRANGER):
        assert seen(settings, sender, tls=tls, header=shown["shipping"]) == ("CN=billing", True)
        assert seen(settings, sender, tls=nothing, header=shown["shipping"]) is None


def test_a_chain_that_the_handshake_has_not_verified_proves_nothing(shown: dict[str, str]) -> None:
    tls = {"client_cert_chain": [shown["billing"]], "client_cert_error": "self-signed certificate"}
    assert seen(believing(own_tls=True), STRANGER, tls=tls) is None


def test_of_a_handshake_nobody_configured_nothing_is_believed(shown: dict[str, str]) -> None:
    tls = {"client_cert_chain": [shown["billing"]], "client_cert_error": None}
    assert seen(believing(own_tls=False), STRANGER, tls=tls) is None
    assert seen(believing(own_tls=False), PROXY, tls=tls, header=shown["shipping"]) == ("CN=shipping", False)


@pytest.mark.parametrize("verified", [True, False])
def test_elsewhere_a_trusted_proxys_header_counts_for_what_the_proxy_verifies(
    shown: dict[str, str], verified: bool
) -> None:
    settings = believing(own_tls=True, verified=verified)
    assert seen(settings, PROXY, header=shown["billing"]) == ("CN=billing", verified)
    assert seen(settings, STRANGER, header=shown["billing"]) is None
