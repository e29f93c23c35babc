"""Clients show certificates to our own TLS, at a port of its own: to a real server, in real handshakes."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from oidc_server.house import opened
from oidc_server.settings.model import Settings
from tests import factories
from tests.authorities import SERVERS, Authority, Holder
from tests.conftest import Template, furnished, make_settings
from tests.listener import make_certificate
from tests.servers import Server, free_port, serving

pytestmark = pytest.mark.xdist_group("own tls")  # they share servers

WORKERS, NAMES = [1, 2], ["one worker", "two workers"]
HEADER = "Client-Cert"
ROUNDS = 20
MACHINE: dict[str, Any] = {"grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": []}


@dataclass(frozen=True)
class Doors:
    """A server with two ports, and the authority whose certificates it takes at the second."""

    server: Server
    mtls_url: str
    trusted: Path
    authority: Authority

    async def ask(
        self, client_id: str, holder: Holder | None = None, *, at: str = "", told: Holder | None = None
    ) -> Any:
        """Ask for a token on a new connection, at the second port unless told otherwise."""
        async with self.caller(holder) as http:
            return await ask(http, at or self.mtls_url, client_id, told)

    def caller(self, holder: Holder | None = None) -> httpx2.AsyncClient:
        """Somebody with a certificate, or without one, who keeps connections open."""
        context = holder.context(self.trusted) if holder else ssl.create_default_context(cafile=self.trusted)
        return httpx2.AsyncClient(verify=context, timeout=20)


async def ask(http: httpx2.AsyncClient, url: str, client_id: str, told: Holder | None = None) -> httpx2.Response:
    form = {"grant_type": "client_credentials", "client_id": client_id}
    return await http.post(f"{url}/token", data=form, headers=in_header(told) if told else {})


def in_header(holder: Holder) -> dict[str, str]:
    """A certificate as a proxy would tell it (RFC 9440)."""
    der = ssl.PEM_cert_to_DER_cert(holder.certificate.read_text())
    return {HEADER: f":{b64encode(der).decode()}:"}


async def introduce(settings: Settings) -> None:
    """Two clients that are known by the name in their certificate."""
    async with opened(settings) as house:
        for name in ("billing", "shipping"):
            made = factories.client(
                name, token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=f"CN={name}", **MACHINE
            )
            del made["client_secret"]
            await factories.add_client(house, **made)


@contextmanager
def opening(template: Template, folder: Path, workers: int) -> Iterator[Doors]:
    """The server; it also believes a proxy on this machine, as far as a proxy may be believed."""
    certificate = make_certificate(folder / "server", "localhost")
    authority = Authority(folder, "authority")
    port, mtls_port = free_port(), free_port()
    mtls_url = f"https://localhost:{mtls_port}"
    with furnished("sqlite", template, folder) as url:
        settings = make_settings(url, template.keys)
        asyncio.run(introduce(settings))
        with serving(
            settings,
            folder,
            workers=workers,
            port=port,
            certificate=certificate,
            mtls_port=mtls_port,
            OIDC_ISSUER=f"https://localhost:{port}",
            OIDC_MTLS_CA_FILE=str(authority.file),
            OIDC_MTLS_URL=mtls_url,
            OIDC_MTLS_HEADER=HEADER,
            OIDC_TRUSTED_PROXIES="127.0.0.1,::1",
        ) as server:
            yield Doors(server, mtls_url, certificate, authority)


@pytest.fixture(params=WORKERS, ids=NAMES)
def own_doors(template: Template, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Doors]:
    """A server that may be stopped."""
    with opening(template, tmp_path, request.param) as doors:
        yield doors


@pytest.fixture(scope="module", params=WORKERS, ids=NAMES)
def doors(
    template: Template, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Doors]:
    """A server for all who leave it as it was."""
    with opening(template, tmp_path_factory.mktemp("doors"), request.param) as doors:
        yield doors


async def test_a_certificate_of_the_authority_proves_whose_name_is_in_it(doors: Doors) -> None:
    billing = doors.authority.issue("billing")

    assert (await doors.ask("billing", billing)).status_code == 200  # SPEC RFC 8705 §2.1
    refused = await doors.ask("shipping", billing)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")

    none = await doors.ask("billing")
    assert (none.status_code, none.json()["error"]) == (401, "invalid_client")
    old = billing.context(doors.trusted)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    async with httpx2.AsyncClient(verify=old) as http:
        assert (await ask(http, doors.mtls_url, "billing")).status_code == 200


async def test_no_other_certificate_gets_through_the_handshake(doors: Doors, tmp_path: Path) -> None:
    others = {
        "another authority's": Authority(tmp_path, "other").issue("billing"),
        "one of an authority with the same name": Authority(tmp_path, "authority").issue("billing"),
        "a self-signed one": doors.authority.self_signed("billing"),
        "an expired one": doors.authority.issue("billing", days=-1),
        "one for servers": doors.authority.issue("billing", usage=SERVERS),
    }
    for kind, holder in others.items():
        with pytest.raises(httpx2.TransportError):
            raise AssertionError(f"{kind} was taken: {await doors.ask('billing', holder)}")
    assert (await doors.ask("billing", doors.authority.issue("billing"))).status_code == 200


async def test_the_first_port_asks_nobody_for_a_certificate(doors: Doors, tmp_path: Path) -> None:
    issuer = doors.server.issuer
    assert (await doors.ask("billing", doors.authority.issue("billing"), at=issuer)).status_code == 401
    # Had it asked, this would have ended the handshake.
    assert (await doors.ask("billing", Authority(tmp_path, "other").issue("billing"), at=issuer)).status_code == 401


async def test_a_header_counts_nothing_where_the_handshake_counts(doors: Doors) -> None:
    billing, shipping = doors.authority.issue("billing"), doors.authority.issue("shipping")

    assert (await doors.ask("billing", told=billing)).status_code == 401
    assert (await doors.ask("billing", shipping, told=billing)).status_code == 401
    assert (await doors.ask("shipping", shipping, told=billing)).status_code == 200


async def test_a_proxy_that_verifies_nothing_cannot_speak_for_the_authority(doors: Doors) -> None:
    billing = doors.authority.issue("billing")
    assert (await doors.ask("billing", at=doors.server.issuer, told=billing)).status_code == 401


async def test_connections_that_stay_open_keep_their_certificates_apart(doors: Doors) -> None:
    issue = doors.authority.issue
    callers = {name: doors.caller(issue(name)) for name in ("billing", "shipping")} | {"nobody": doors.caller()}
    try:
        for _ in range(ROUNDS):
            asked = [(holder, client_id) for holder in callers for client_id in ("billing", "shipping")]
            answers = await asyncio.gather(*(ask(callers[one], doors.mtls_url, client_id) for one, client_id in asked))
            for (holder, client_id), answer in zip(asked, answers, strict=True):
                assert answer.status_code == (200 if holder == client_id else 401), (holder, client_id)
    finally:
        for http in callers.values():
            await http.aclose()


async def test_the_second_port_is_told_in_the_metadata(doors: Doors) -> None:
    async with doors.caller() as http:
        told = (await http.get(f"{doors.server.issuer}/.well-known/openid-configuration")).json()
    assert told["mtls_endpoint_aliases"]["token_endpoint"] == f"{doors.mtls_url}/token"  # SPEC RFC 8705 §5
    assert told["token_endpoint"] == f"{doors.server.issuer}/token"
    assert "tls_client_auth" in told["token_endpoint_auth_methods_supported"]


async def test_it_stops_although_connections_stay_open_at_both_ports(own_doors: Doors) -> None:
    async with own_doors.caller(own_doors.authority.issue("billing")) as http:
        for url in (own_doors.server.issuer, own_doors.mtls_url):
            assert (await http.get(f"{url}/health/live")).status_code == 200
        await asyncio.to_thread(own_doors.server.stop)
    log = own_doors.server.log.read_text()
    assert '"event":"stopped"' in log
    assert "Traceback" not in log


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_our_own_tls_announces_no_self_signed_certificates(
    database_url: str, template: Template, tmp_path: Path
) -> None:
    authorities = {"ca_file": tmp_path / "ca.pem", "url": "https://mtls.id.example.com"}
    assert make_settings(database_url, template.keys, mtls=authorities).mtls.methods == ("tls_client_auth",)
    with pytest.raises(ValidationError, match="OIDC_MTLS_URL"):
        make_settings(database_url, template.keys, mtls={"ca_file": tmp_path / "ca.pem"})
