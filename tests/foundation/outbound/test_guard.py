"""The guard: only public addresses are called, whatever they look like and whatever name leads to them."""

import asyncio
import socket
from ipaddress import ip_address
from threading import Event
from typing import Any

import pytest
from pydantic import ValidationError

from oidc_server.foundation.outbound.failures import OutboundFailed, OutboundForbidden
from oidc_server.foundation.outbound.guard import Address, Guard, is_public, resolve
from oidc_server.settings.service import OutboundSettings

NOT_PUBLIC = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",  # noqa: S104
    "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1",
    "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]  # fmt: skip
PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::93.184.216.34"]


def guard(*addresses: str, is_development: bool = False, **settings: Any) -> Guard:
    """A guard before which every name has these addresses."""

    async def resolve(host: str, port: int) -> list[Address]:
        return [ip_address(address) for address in addresses]

    return Guard(OutboundSettings(**settings), is_development=is_development, resolve=resolve)


async def found(guard: Guard, url: str = "https://rp.example/") -> list[str]:
    return [str(address) for address in (await guard.find(guard.read(url))).addresses]


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(OutboundForbidden, match="not public"):
        await found(guard(address))


@pytest.mark.parametrize("address", PUBLIC)
async def test_public_addresses_are_let_through(address: str) -> None:
    assert len(await found(guard(address))) == 1


async def test_one_address_that_must_not_be_called_is_enough_to_refuse() -> None:
    with pytest.raises(OutboundForbidden):
        await found(guard("93.184.216.34", "10.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/", "http://[::1]/",
        "http://[::ffff:127.0.0.1]/", "http://localhost/", "http://localhost./", "http://0/",
    ],
)  # fmt: skip
async def test_every_spelling_of_loopback_is_refused(url: str) -> None:
    real = Guard(OutboundSettings(), is_development=True)
    with pytest.raises(OutboundFailed):
        await real.find(real.read(url))


@pytest.mark.parametrize(
    ("allow", "address"),
    [
        ("10.0.0.0/8", "10.9.9.9"), ("127.0.0.1", "127.0.0.1"), ("rp.example", "127.0.0.1"), ("RP.example.", "::1"),
        ("10.0.0.0/8", "::ffff:10.0.0.1"), ("fd00::/8", "fd12::1"), ("other.example,10.0.0.0/8", "10.0.0.1"),
    ],
)  # fmt: skip
async def test_operators_let_hosts_and_networks_through(allow: str, address: str) -> None:
    assert len(await found(guard(address, allow=allow))) == 1


@pytest.mark.parametrize("allow", ["10.0.0.0/8", "other.example", "example", "sub.rp.example"])
async def test_what_is_let_through_lets_nothing_else_through(allow: str) -> None:
    with pytest.raises(OutboundForbidden):
        await found(guard("192.168.0.1", allow=allow))


@pytest.mark.parametrize("allow", ["http://rp.example", "10.0.0.0/99", "rp example", "*"])
def test_an_entry_that_is_neither_host_nor_network_is_refused_at_the_start(allow: str) -> None:
    with pytest.raises(ValidationError, match="host or a network"):
        OutboundSettings.model_validate({"allow": allow})


@pytest.mark.parametrize(
    "url",
    ["http://rp.example/", "ftp://rp.example/", "file:///etc/passwd", "//rp.example/", "rp.example", "", "https://", "https:///x",
     "https://user@rp.example/", "https://user:secret@rp.example/", "https://rp.example:99999/", "https://[fe80::1%25eth0]/",
     "https://rp.example\n/", "https://[::1/"],
)  # fmt: skip
def test_urls_that_nobody_is_called_by(url: str) -> None:
    with pytest.raises(OutboundForbidden) as refused:
        guard("93.184.216.34").read(url)
    assert "secret" not in refused.value.because


def test_http_is_for_development() -> None:
    assert guard(is_development=True).read("http://rp.example/x").port == 80


async def test_a_name_without_an_address_fails() -> None:
    with pytest.raises(OutboundFailed, match="no address"):
        await found(guard())


async def test_names_that_nobody_answers_for_hold_up_no_look_up_but_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up, look_up = Event(), socket.getaddrinfo

    def hang(host: str, *others: Any, **named: Any) -> Any:
        if host.endswith(".dead.example"):
            given_up.wait(10)
            raise socket.gaierror
        return look_up(host, *others, **named)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    waiting = [asyncio.create_task(resolve(f"rp{number}.dead.example", 443)) for number in range(40)]
    try:
        await asyncio.sleep(0.1)
        async with asyncio.timeout(2):
            # As the drivers of the database and of Redis do.
            assert await asyncio.get_running_loop().getaddrinfo("localhost", 5432)
    finally:
        given_up.set()
        await asyncio.gather(*waiting, return_exceptions=True)
