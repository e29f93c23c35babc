"""tls_client_auth and self_signed_tls_client_auth: the certificate counts that a trusted proxy tells of, and no other."""

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI
from joserfc.jwk import ECKey
from pydantic import ValidationError

from oidc_server.clients.metadata import ClientMetadata
from oidc_server.house import House
from oidc_server.settings.model import Settings
from tests import factories
from tests.conftest import ISSUER, Template, make_settings, running
from tests.oauth import deeds

HEADER = "Client-Cert"
KEY = ec.generate_private_key(ec.SECP256R1())
MACHINE: dict[str, Any] = {"grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": []}
NAMES = {
    "tls_client_auth_subject_dn": "CN=billing,OU=Finance,O=Example",
    "tls_client_auth_san_dns": "billing.example.com",
    "tls_client_auth_san_uri": "spiffe://example.com/billing",
    "tls_client_auth_san_ip": "2001:db8::7",
    "tls_client_auth_san_email": "billing@example.com",
}


def certificate(
    name: str = "billing", *, key: ec.EllipticCurvePrivateKey = KEY, days: int = 30, starts: int = -1
) -> x509.Certificate:
    """A certificate with every kind of name for this one."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Finance"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    address = "2001:db8::7" if name == "billing" else "2001:db8::8"
    others = [
        x509.DNSName(f"{name}.example.com"),
        x509.UniformResourceIdentifier(f"spiffe://example.com/{name}"),
        x509.IPAddress(ip_address(address)),
        x509.RFC822Name(f"{name}@example.com"),
    ]
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(now + timedelta(days=starts)).not_valid_after(now + timedelta(days=days))
    return made.add_extension(x509.SubjectAlternativeName(others), critical=False).sign(key, hashes.SHA256())


def rfc9440(one: x509.Certificate) -> str:
    return f":{b64encode(one.public_bytes(serialization.Encoding.DER)).decode()}:"


def escaped_pem(one: x509.Certificate) -> str:
    return quote(one.public_bytes(serialization.Encoding.PEM).decode(), safe="")


@pytest.fixture
def settings(database_url: str, template: Template) -> Settings:
    """Behind a proxy that asks for certificates."""
    mtls = {"header": HEADER, "verified": True, "url": "https://mtls.id.example.com"}
    return make_settings(database_url, template.keys, mtls=mtls, trusted_proxies=["198.51.100.0/24"])


@pytest.fixture
async def proxy(http: httpx2.AsyncClient, house: House) -> httpx2.AsyncClient:
    """The proxy, in front of clients with certificates: one for each kind of name, and one with its key."""
    for member, value in NAMES.items():
        made = factories.client(member, token_endpoint_auth_method="tls_client_auth", **{member: value}, **MACHINE)
        del made["client_secret"]
        await factories.add_client(house, **made)
    jwk = ECKey.import_key(
        KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    keys = {"keys": [jwk.as_dict(private=False)]}
    made = factories.client(
        "self-signed", token_endpoint_auth_method="self_signed_tls_client_auth", jwks=keys, **MACHINE
    )
    del made["client_secret"]
    await factories.add_client(house, **made)
    await deeds.notice(house)
    return http


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who reaches the server past the proxy."""
    transport = httpx2.ASGITransport(app=app, client=("203.0.113.99", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client


async def ask(
    http: httpx2.AsyncClient, client_id: str, *shown: str, path: str = "/token", **more: str
) -> httpx2.Response:
    form = {"grant_type": "client_credentials", "client_id": client_id, "token": "x.y.z", **more}
    return await http.post(path, data=form, headers=[(HEADER, one) for one in shown])


@pytest.mark.parametrize("member", NAMES)
@pytest.mark.parametrize("written", [rfc9440, escaped_pem])
async def test_a_client_is_known_by_the_name_in_its_certificate(
    proxy: httpx2.AsyncClient, member: str, written: Any
) -> None:
    assert (await ask(proxy, member, written(certificate()))).status_code == 200  # SPEC RFC 8705 §2.1
    other = await ask(proxy, member, written(certificate("other")))
    assert (other.status_code, other.json()["error"]) == (401, "invalid_client")


async def test_a_client_is_known_by_the_key_in_its_certificate(proxy: httpx2.AsyncClient) -> None:
    renewed = certificate("whatever it calls itself")
    stolen = certificate(key=ec.generate_private_key(ec.SECP256R1()))

    assert (await ask(proxy, "self-signed", rfc9440(renewed))).status_code == 200  # SPEC RFC 8705 §2.2
    assert (await ask(proxy, "self-signed", rfc9440(stolen))).status_code == 401


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
async def test_it_works_wherever_clients_authenticate(
    proxy: httpx2.AsyncClient, stranger: httpx2.AsyncClient, path: str
) -> None:
    shown = rfc9440(certificate())
    assert (await ask(proxy, "self-signed", shown, path=path)).status_code == 200
    assert (await ask(proxy, "self-signed", path=path)).status_code == 401
    assert (await ask(stranger, "self-signed", shown, path=path)).status_code == 401


async def test_nobody_but_the_proxy_is_believed(proxy: httpx2.AsyncClient, stranger: httpx2.AsyncClient) -> None:
    shown = rfc9440(certificate())
    forwarded = {HEADER: shown, "X-Forwarded-For": "198.51.100.9"}
    for client_id in (*NAMES, "self-signed"):
        form = {"grant_type": "client_credentials", "client_id": client_id}
        assert (await stranger.post("/token", data=form, headers=forwarded)).status_code == 401
        assert (await proxy.post("/token", data=form, headers=forwarded)).status_code == 200


SHOWN: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "two certificates": (rfc9440(certificate()), rfc9440(certificate())),
    "two in one": (escaped_pem(certificate()) + escaped_pem(certificate("other")),),
    "an expired one": (rfc9440(certificate(days=0, starts=-2)),),
    "one for tomorrow": (rfc9440(certificate(starts=1)),),
    "junk": ("junk",),
    "junk in colons": (":junk:",),
    "no base64": (":*:",),
    "half of one": (rfc9440(certificate())[:200] + ":",),
    "a huge one": (":" + "A" * 20_000 + ":",),
    "not ASCII": ("\xe9",),
}


@pytest.mark.parametrize("kind", SHOWN)
@pytest.mark.parametrize("client_id", ["tls_client_auth_subject_dn", "self-signed"])
async def test_what_is_no_good_certificate_proves_nothing(proxy: httpx2.AsyncClient, client_id: str, kind: str) -> None:
    form = {"grant_type": "client_credentials", "client_id": client_id}
    headers = [(HEADER.encode(), one.encode("latin-1")) for one in SHOWN[kind]]
    refused = await proxy.post("/token", data=form, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")  # RFC 8705 §2


async def test_a_certificate_is_no_other_kind_of_proof(proxy: httpx2.AsyncClient) -> None:
    shown = rfc9440(certificate())
    assert (await ask(proxy, "machine", shown)).status_code == 401  # RFC 8705 §2
    with_secret = await ask(proxy, "self-signed", shown, client_secret="anything")
    assert with_secret.status_code == 401
    by_basic = await proxy.post(
        "/token", data={"grant_type": "client_credentials"}, headers={HEADER: shown}, auth=("self-signed", "")
    )
    assert by_basic.status_code == 401


async def test_it_is_told_in_the_metadata(http: httpx2.AsyncClient) -> None:
    told = (await http.get("/.well-known/openid-configuration")).json()
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(told["token_endpoint_auth_methods_supported"])
    assert told["mtls_endpoint_aliases"]["token_endpoint"] == "https://mtls.id.example.com/token"  # SPEC RFC 8705 §5


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"token_endpoint_auth_method": "tls_client_auth", **dict(list(NAMES.items())[:2])},
        {"token_endpoint_auth_method": "client_secret_basic", "tls_client_auth_san_dns": "x.example.com"},
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "no name"},
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_ip": "no.address"},
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "bücher.example"},
        {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
    ],
)
def test_a_client_registers_one_name_that_can_be_one(members: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):  # RFC 8705 §2.1.2
        ClientMetadata(redirect_uris=("https://a.example.com/",), **members)


async def test_a_name_counts_only_where_the_proxy_has_verified_who_wrote_it(
    database_url: str, template: Template
) -> None:
    mtls = {"header": HEADER}
    settings = make_settings(database_url, template.keys, mtls=mtls, trusted_proxies=["198.51.100.0/24"])
    made = factories.client(
        "billing",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_san_dns="billing.example.com",
        **MACHINE,
    )
    del made["client_secret"]
    async with running(settings) as app:
        await factories.add_client(app.state.house, **made)
        transport = httpx2.ASGITransport(app=app, client=("198.51.100.9", 40000))
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
            assert (await ask(http, "billing", rfc9440(certificate()))).status_code == 401
            told = (await http.get("/.well-known/openid-configuration")).json()
    assert "tls_client_auth" not in told["token_endpoint_auth_methods_supported"]


async def test_a_header_is_worth_nothing_without_a_trusted_proxy(database_url: str, template: Template) -> None:
    from_proxy = {"header": HEADER}
    with pytest.raises(ValidationError, match="OIDC_TRUSTED_PROXIES"):
        make_settings(database_url, template.keys, mtls=from_proxy)
