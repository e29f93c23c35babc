"""The caller's address: what a stranger says of themselves counts for nothing."""

from ipaddress import IPv4Network, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from oidc_server.foundation.web import caller
from oidc_server.foundation.web.caller import Address

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))
CLIENT = "203.0.113.7"

addresses = st.ip_addresses().map(str)


def scope(peer: str | None, *forwarded: str, **others: str) -> Scope:
    """A request from this peer, with these lines of X-Forwarded-For."""
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in others.items()]
    return {"type": "http", "client": (peer, 40000) if peer is not None else None, "headers": headers}


def seen(peer: str | None, *forwarded: str, **others: str) -> str:
    """Who we believe is calling."""
    return str(caller.address(scope(peer, *forwarded, **others), PROXIES))


def test_without_a_proxy_it_is_the_peer() -> None:
    assert seen(CLIENT) == CLIENT
    assert seen("2001:db8::1") == "2001:db8::1"


@given(addresses, st.lists(addresses | st.text(st.characters(max_codepoint=255), max_size=20), max_size=4))
def test_a_stranger_cannot_say_who_they_are(peer: str, lies: list[str]) -> None:
    is_proxy = caller.is_within(ip_address(seen(peer)), PROXIES)

    if not is_proxy:
        assert seen(peer, *lies) == seen(peer)


@given(st.lists(addresses, max_size=4))
def test_without_trusted_proxies_nobody_is_believed(lies: list[str]) -> None:
    assert str(caller.address(scope("10.0.0.1", *lies), ())) == "10.0.0.1"


def test_a_trusted_proxy_says_who_is_behind_it() -> None:
    assert seen("10.0.0.1", CLIENT) == CLIENT
    assert seen("2001:db8:ffff::1", CLIENT) == CLIENT
    assert seen("10.0.0.1", "2001:db8::1") == "2001:db8::1"


@given(st.lists(addresses | st.text(st.characters(max_codepoint=255, exclude_characters=","), max_size=20), max_size=4))
def test_what_a_client_wrote_itself_stands_left_of_what_the_proxy_wrote(lies: list[str]) -> None:
    assert seen("10.0.0.1", ", ".join([*lies, CLIENT])) == CLIENT
    assert seen("10.0.0.1", *lies, CLIENT) == CLIENT


def test_a_chain_of_trusted_proxies_is_followed_to_its_end() -> None:
    assert seen("10.0.0.1", f"1.1.1.1, {CLIENT}, 10.0.0.3, 10.0.0.2") == CLIENT
    assert seen("10.0.0.1", "10.0.0.3", "10.0.0.2") == "10.0.0.3"


@pytest.mark.parametrize(
    "hop", ["unknown", "_hidden", "203.0.113.7:1234", "[2001:db8::1]:80", "x", "1.2.3", "1.2.3.4.5", "-1"]
)
def test_a_hop_that_is_no_address_ends_the_search_at_who_wrote_it(hop: str) -> None:
    assert seen("10.0.0.1", f"{CLIENT}, {hop}") == "10.0.0.1"
    assert seen("10.0.0.1", f"{CLIENT}, {hop}, 10.0.0.2") == "10.0.0.2"


@pytest.mark.parametrize("line", ["", " ", ",", ", ,", f"{CLIENT},", f" {CLIENT} ,, "])
def test_empty_hops_are_skipped(line: str) -> None:
    assert seen("10.0.0.1", line) in ("10.0.0.1", CLIENT)


def test_an_ipv4_address_in_ipv6_clothes_is_an_ipv4_address() -> None:
    assert seen(f"::ffff:{CLIENT}") == CLIENT
    assert seen("::ffff:10.0.0.1", f"::ffff:{CLIENT}") == CLIENT
    assert caller.neighbourhood(ip_address(seen(f"::ffff:{CLIENT}"))) == CLIENT


def test_only_x_forwarded_for_is_read() -> None:
    assert seen("10.0.0.1", forwarded=f"for={CLIENT}", x_real_ip=CLIENT, cf_connecting_ip=CLIENT) == "10.0.0.1"


@pytest.mark.parametrize("peer", [None, "", "testclient", "/run/server.sock"])
def test_a_peer_without_an_address_is_nobody(peer: str | None) -> None:
    assert seen(peer, CLIENT) == "0.0.0.0"  # noqa: S104 - nothing is bound to it


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_one_ipv6_subscriber_is_one_neighbourhood(address: Address, host: int) -> None:
    neighbour = IPv6Address((int(address) >> 64 << 64) + host)
    elsewhere = IPv6Address(int(address) ^ 1 << 64)

    assert caller.neighbourhood(neighbour) == caller.neighbourhood(address)
    assert caller.neighbourhood(elsewhere) != caller.neighbourhood(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_a_neighbourhood_of_its_own(address: Address) -> None:
    assert caller.neighbourhood(address) == str(address)


@given(st.ip_addresses())
def test_an_address_is_within_networks_of_its_own_version_only(address: Address) -> None:
    everything: tuple[IPv4Network, ...] = (IPv4Network("0.0.0.0/0"),)

    assert caller.is_within(address, everything) == (address.version == 4)


def test_whoever_comes_through_a_proxy_that_we_dont_trust_is_not_direct() -> None:
    assert caller.is_direct(scope("127.0.0.1"), ())
    assert not caller.is_direct(scope("127.0.0.1", CLIENT), ())
    assert not caller.is_direct(scope("127.0.0.1", forwarded="for=x"), ())
    assert caller.is_direct(scope("10.0.0.1", CLIENT), PROXIES)
