"""Which addresses may be called: the public internet, and what the operator lets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_server.foundation.outbound.guard import Forbidden, Guard
from oidc_server.settings import OutboundSettings

INNER = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:db8::1",
]


def guard(*addresses: str, allow: tuple[str, ...] = (), development: bool = False) -> Guard:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return Guard(OutboundSettings(allow=allow), development=development, resolve=resolve)


@pytest.mark.parametrize("address", INNER)
async def test_what_only_we_can_reach_is_never_called(address: str) -> None:
    with pytest.raises(Forbidden, match="not on the public internet"):
        await guard(address).check("https://client.example.com/keys")
    with pytest.raises(Forbidden):
        await guard("93.184.215.14", address).check("https://client.example.com/keys")  # nor one of several


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
async def test_what_is_public_is_called_at_the_address_that_was_checked(address: str) -> None:
    assert str(await guard(address).check("https://client.example.com/keys")) == address


@pytest.mark.parametrize("allow", ["client.internal", "10.0.0.0/8", "10.1.2.3"])
async def test_the_operator_may_let_hosts_and_networks_through(allow: str) -> None:
    assert str(await guard("10.1.2.3", allow=(allow,)).check("https://client.internal/keys")) == "10.1.2.3"


@pytest.mark.parametrize("allow", ["other.internal", "internal", "192.168.0.0/16", "10.1.2.4", "::/0"])
async def test_and_lets_nothing_else_through(allow: str) -> None:
    with pytest.raises(Forbidden):
        await guard("10.1.2.3", allow=(allow,)).check("https://client.internal/keys")


@pytest.mark.parametrize(
    "url",
    [
        "http://client.example.com/",
        "ftp://client.example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:application/json,{}",
        "//client.example.com/",
        "client.example.com",
        "https://",
        "https://user:pass@client.example.com/",
        "https://client.example.com\n/",
        "https://client.example.com:99999/",
        "https://cl\u00efent.example.com/",
        "https://[::1",
        "",
    ],
)
async def test_what_is_no_plain_https_url_is_never_called(url: str) -> None:
    with pytest.raises(Forbidden):
        await guard("93.184.215.14").check(url)


async def test_http_is_for_development() -> None:
    found = await guard("93.184.215.14", development=True).check("http://client.example.com/")

    assert str(found) == "93.184.215.14"


async def test_a_name_without_an_address_is_not_called() -> None:
    with pytest.raises(Forbidden, match="no address"):
        await guard().check("https://client.example.com/")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_other_ways_of_writing_loopback_are_no_way_in(host: str) -> None:
    with pytest.raises(Forbidden):
        await Guard(OutboundSettings(), development=True).check(f"http://{host}/")


@given(st.text(max_size=60))
async def test_whatever_a_client_registers_nothing_but_a_refusal_comes_of_it(text: str) -> None:
    for url in (text, f"https://{text}", f"https://client.example.com/{text}"):
        try:
            await guard("10.0.0.1").check(url)
        except Forbidden:
            continue
        raise AssertionError(url)
