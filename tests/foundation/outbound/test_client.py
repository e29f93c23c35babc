"""Calls that go out: to real servers on loopback, which hang, flood, redirect and lie."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from oidc_server.foundation.outbound.client import Outbound, OutboundFailed
from oidc_server.foundation.outbound.guard import Guard
from oidc_server.settings import OutboundSettings

Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


def text(status: str = "200 OK", body: bytes = b'{"keys": []}', headers: str = "") -> Reply:
    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)

    return reply


async def hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(1000):
        writer.write(b"x" * 65536)
        await writer.drain()


class Called:
    """A server, and what it was asked."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.port = 0


@asynccontextmanager
async def answering(reply: Reply, tls: ssl.SSLContext | None = None) -> AsyncIterator[Called]:
    called = Called()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            called.heads.append(head)
            await reply(writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    called.port = server.sockets[0].getsockname()[1]
    try:
        yield called
    finally:
        server.close()


@asynccontextmanager
async def calling(ca_file: Path | None = None, seconds: float = 0.5) -> AsyncIterator[Outbound]:
    settings = OutboundSettings(
        allow=("127.0.0.1",), ca_file=ca_file, timeout=timedelta(seconds=seconds), max_bytes=2048
    )

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    outbound = Outbound(settings, Guard(settings, development=True, resolve=resolve))
    yield outbound
    await outbound.close()


async def test_what_is_there_is_fetched_from_the_checked_address_under_its_own_name() -> None:
    async with answering(text()) as called, calling() as outbound:
        assert await outbound.document(f"http://client.example.com:{called.port}/keys?x=1") == b'{"keys": []}'

    assert called.heads[0].startswith("GET /keys?x=1 HTTP/1.1\r\n")
    assert f"host: client.example.com:{called.port}\r\n" in called.heads[0].lower()
    assert "cookie" not in called.heads[0].lower()


async def test_a_form_is_posted() -> None:
    async with answering(text()) as called, calling() as outbound:
        answer = await outbound.post_form(f"http://client.example.com:{called.port}/", {"logout_token": "a b"})

    assert answer.status == 200
    assert "application/x-www-form-urlencoded" in called.heads[0]


@pytest.mark.parametrize("reply", [hang, drip], ids=["hangs", "drips"])
async def test_who_takes_too_long_is_left(reply: Reply) -> None:
    async with answering(reply) as called, calling() as outbound:
        async with asyncio.timeout(3):
            with pytest.raises(OutboundFailed):
                await outbound.document(f"http://client.example.com:{called.port}/")


async def test_who_sends_too_much_is_left() -> None:
    async with answering(flood) as called, calling(seconds=5) as outbound:
        with pytest.raises(OutboundFailed, match="more than 2048 bytes"):
            await outbound.document(f"http://client.example.com:{called.port}/")


@pytest.mark.parametrize("status", ["302 Found", "404 Not Found", "500 Oops", "204 No Content"])
async def test_only_a_200_is_a_document_and_no_redirect_is_followed(status: str) -> None:
    reply = text(status, b"", "Location: http://client.example.com/elsewhere\r\n")
    async with answering(reply) as called, calling() as outbound:
        with pytest.raises(OutboundFailed, match=status[:3]):
            await outbound.document(f"http://client.example.com:{called.port}/")

    assert len(called.heads) == 1


async def test_who_fails_often_is_left_alone_for_a_moment() -> None:
    async with calling() as outbound:
        for _ in range(5):
            with pytest.raises(OutboundFailed, match="Connect"):
                await outbound.document("http://client.example.com:1/")
        with pytest.raises(OutboundFailed, match="left alone"):
            await outbound.document("http://client.example.com:1/")
        async with answering(text()) as called:
            assert await outbound.document(f"http://client.example.com:{called.port}/")


async def test_what_must_not_be_called_is_not() -> None:
    async with calling() as outbound:
        with pytest.raises(OutboundFailed, match="not called"):
            await outbound.document("ftp://client.example.com/")


async def test_a_certificate_must_be_the_names_and_from_somebody_trusted(tmp_path: Path) -> None:
    tls, ca_file = certified("client.example.com", tmp_path)
    async with answering(text(), tls) as called:
        async with calling(ca_file, 5) as outbound:
            assert await outbound.document(f"https://client.example.com:{called.port}/")
            with pytest.raises(OutboundFailed, match="CERTIFICATE"):
                await outbound.document(f"https://other.example.com:{called.port}/")
        async with calling(seconds=5) as outbound:
            with pytest.raises(OutboundFailed, match="CERTIFICATE"):
                await outbound.document(f"https://client.example.com:{called.port}/")


def certified(name: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS with a certificate of its own, and the file that trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(tz=UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("192.0.2.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.pem")
    return tls, folder / "ca.pem"
