"""The HTTP client against real servers: what it sends, when it gives up, and whom it never calls."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from pydantic import SecretStr

from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.outbound import client
from oidc_server.foundation.outbound.client import Outbound
from oidc_server.foundation.outbound.failures import OutboundFailed, OutboundForbidden, OutboundPaused
from oidc_server.foundation.outbound.guard import Address, resolve
from oidc_server.settings.model import Settings
from oidc_server.settings.service import DatabaseSettings
from tests.listener import Listener, Received, answer, hang, listening, make_certificate


def settings(**outbound: Any) -> Settings:
    values = {"allow": "127.0.0.0/8,::1", "timeout": "1s", **outbound}
    database = DatabaseSettings(url=SecretStr("sqlite:///unused.db"))
    return Settings(_env_file=None, development=True, database=database, outbound=values)


class Names:
    """A name server that counts, and may say something else each time."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> list[Address]:
        self.asked.append(host)
        return [ip_address(self.answers[min(len(self.asked), len(self.answers)) - 1])]


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    made = Outbound(settings())
    yield made
    await made.close()


@pytest.fixture
async def host() -> AsyncIterator[Listener]:
    async with listening() as host:
        yield host


async def test_a_form_arrives_as_it_was_sent_and_its_answer_comes_back(outbound: Outbound, host: Listener) -> None:
    host.do = answer(201, b"done", X_Custom="yes")

    got = await outbound.post_form(host.url("/path?query=1"), {"logout_token": "a b&c=ä"})

    (received,) = host.received
    assert (received.method, received.target) == ("POST", "/path?query=1")
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.headers["host"] == f"localhost:{host.port}"
    assert received.form == {"logout_token": "a b&c=ä"}
    assert (got.status, got.body, got.headers["x-custom"], got.is_success) == (201, b"done", "yes", True)


async def test_a_document_is_fetched(outbound: Outbound, host: Listener) -> None:
    host.do = answer(200, b'{"keys": []}')

    got = await outbound.get(host.url("/jwks"), accept="application/json")

    assert got.body == b'{"keys": []}'
    assert host.received[0].headers["accept"] == "application/json"


async def test_what_is_not_let_through_is_never_called(host: Listener) -> None:
    guarded = Outbound(settings(allow=""))

    for name in ("localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433"):
        with pytest.raises(OutboundForbidden):
            await guarded.get(host.url(host=name))

    assert host.received == []
    assert not guarded.has_open_breaker


async def test_a_name_is_resolved_once_and_the_checked_address_is_called(host: Listener) -> None:
    """DNS rebinding: a second look-up would say something else."""
    names = Names("127.0.0.1", "169.254.169.254")
    rebound = Outbound(settings(), resolve=names.resolve)

    got = await rebound.get(host.url(host="rebinding.example"))

    assert got.status == 200
    assert names.asked == ["rebinding.example"]
    assert host.received[0].headers["host"] == f"rebinding.example:{host.port}"
    with pytest.raises(OutboundForbidden):
        await rebound.get(host.url(host="rebinding.example"))
    await rebound.close()


async def test_a_redirect_is_not_followed(outbound: Outbound, host: Listener) -> None:
    async with listening() as inner:
        host.do = answer(302, Location=inner.url("/secret"))

        got = await outbound.get(host.url())

    assert got.status == 302
    assert not got.is_success
    assert inner.received == []


async def test_cookies_are_not_kept(outbound: Outbound, host: Listener) -> None:
    host.do = answer(200, Set_Cookie="a=b")

    await outbound.get(host.url())
    await outbound.get(host.url())

    assert "cookie" not in host.received[1].headers


async def test_a_proxy_of_the_environment_is_not_asked(
    outbound: Outbound, host: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("ALL_PROXY", proxy.url())
        await outbound.get(host.url())

    assert proxy.received == []


@pytest.mark.parametrize("is_declared", [True, False])
async def test_a_huge_answer_is_given_up(outbound: Outbound, host: Listener, is_declared: bool) -> None:
    sent = 0

    async def flood(_: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        length = b"Content-Length: 1000000000\r\n" if is_declared else b""
        writer.write(b"HTTP/1.1 200 OK\r\n" + length + b"Connection: close\r\n\r\n")
        while sent < 100_000_000:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    host.do = flood
    with pytest.raises(OutboundFailed, match="more than 65536 bytes"):
        await outbound.get(host.url())
    assert sent < 50_000_000


async def test_the_largest_answer_comes_back_whole(outbound: Outbound, host: Listener) -> None:
    host.do = answer(200, b"x" * 65536)

    assert len((await outbound.get(host.url())).body) == 65536


async def test_a_compressed_answer_is_not_opened(outbound: Outbound, host: Listener) -> None:
    host.do = answer(200, gzip.compress(b"0" * 10_000_000), Content_Encoding="gzip")

    with pytest.raises(OutboundFailed, match="compressed"):
        await outbound.get(host.url())
    assert host.received[0].headers["accept-encoding"] == "identity"


async def drip(_: Received, writer: asyncio.StreamWriter) -> None:
    """A byte now and then: no single wait is long."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _byte in range(1000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("do", [hang, drip])
async def test_a_slow_answer_is_given_up_in_time(outbound: Outbound, host: Listener, do: Any) -> None:
    host.do = do
    started = monotonic()

    with pytest.raises(OutboundFailed, match="within 1 seconds"):
        await outbound.get(host.url())

    assert monotonic() - started < 3


async def test_a_name_server_that_hangs_counts_too() -> None:
    async def never(host: str, port: int) -> list[Address]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(OutboundFailed, match="within 1 seconds"):
        await Outbound(settings(), resolve=never).get("https://rp.example/")


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"])
async def test_what_speaks_no_http_fails(outbound: Outbound, host: Listener, said: bytes) -> None:
    async def speak(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    host.do = speak
    with pytest.raises(OutboundFailed):
        await outbound.get(host.url())


async def test_the_second_address_is_tried_when_nobody_listens_at_the_first(host: Listener) -> None:
    async def both(name: str, port: int) -> list[Address]:
        return [ip_address("127.0.0.2"), ip_address("127.0.0.1")]

    outbound = Outbound(settings(), resolve=both)
    assert (await outbound.get(host.url())).status == 200
    await outbound.close()


async def test_a_host_that_fails_again_and_again_is_left_alone_and_no_other(
    outbound: Outbound, host: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening() as gone:
        url = gone.url()
    for _ in range(3):
        with pytest.raises(OutboundFailed):
            await outbound.get(url)

    with pytest.raises(OutboundPaused):
        await outbound.get(url)
    assert outbound.has_open_breaker
    assert (await outbound.get(host.url())).status == 200

    monkeypatch.setattr(outbound._hosts[url.split("/")[2]].breaker, "_recovery_timeout", 0)
    with pytest.raises(OutboundFailed) as tried:
        await outbound.get(url)
    assert not isinstance(tried.value, OutboundPaused)


async def test_a_host_that_is_slow_keeps_nobody_from_calling_another(host: Listener) -> None:
    patient = Outbound(settings(timeout="1m"))
    host.do = hang
    waiting = [asyncio.create_task(patient.get(host.url())) for _ in range(250)]
    await host.until(20)

    async with listening() as other:
        assert (await patient.get(other.url())).status == 200

    assert len(host.received) == 20
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await patient.close()


async def test_only_so_many_hosts_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_HOSTS_AT_MOST", 5)
    guarded = Outbound(settings(allow=""), resolve=Names("10.0.0.1").resolve)
    for number in range(20):
        with pytest.raises(OutboundForbidden):
            await guarded.get(f"https://host{number}.example/")

    assert list(guarded._hosts) == [f"host{number}.example:443" for number in range(15, 20)]


async def test_a_certificate_of_an_authority_of_ones_own_is_trusted_for_its_name_only(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "rp", "rp.example")
    names = Names("127.0.0.1")
    trusting = Outbound(settings(ca_file=certificate), resolve=names.resolve)
    wary = Outbound(settings(), resolve=names.resolve)
    async with listening(certificate=certificate) as host:
        assert (await trusting.get(host.url(host="rp.example"))).status == 200
        with pytest.raises(OutboundFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await trusting.get(host.url(host="other.example"))
        with pytest.raises(OutboundFailed, match="CERTIFICATE_VERIFY_FAILED"):
            await wary.get(host.url(host="rp.example"))
    assert len(host.received) == 1
    await trusting.close()
    await wary.close()


async def test_an_address_in_the_url_must_stand_in_the_certificate(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "rp", "rp.example")
    outbound = Outbound(settings(ca_file=certificate), resolve=resolve)
    async with listening(certificate=certificate) as host:
        assert (await outbound.get(host.url(host="127.0.0.1"))).status == 200
    await outbound.close()


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_holds_no_certificates_is_found_at_the_start(tmp_path: Path, content: str | None) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(Misconfigured, match="OIDC_OUTBOUND_CA_FILE"):
        Outbound(settings(ca_file=bundle))
