"""The guard: which hosts may be called. It resolves names itself, and the caller connects to the very address that was checked.

Without it, whoever registers a client could make this server speak to machines that only it can reach (SSRF).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from httpx2 import URL, InvalidURL

from oidc_server.foundation.outbound.failures import OutboundFailed, OutboundForbidden
from oidc_server.foundation.printable import printable
from oidc_server.settings.service import OutboundSettings

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[Address]]]

_PORTS = {"https": 443, "http": 80}
#: A name whose servers don't answer holds a thread for long after we gave up. The event loop has few of its own, and the names
#: of the database and of Redis are looked up in those.
_LOOK_UPS = ThreadPoolExecutor(32, thread_name_prefix="names")
#: NAT64 (RFC 6052 §2.1, RFC 8215): the last 32 bits are an IPv4 address.
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
#: Set aside by the registries, and called global by some releases of Python (RFC 6890, RFC 9637, RFC 9602).
_SET_ASIDE = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20", "5f00::/16")))


@dataclass(frozen=True)
class Target:
    """A URL that may be called, and the addresses to connect to, in this order."""

    url: URL
    host: str
    port: int
    addresses: tuple[Address, ...]


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a name, as the operating system finds them; OSError if there are none."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_LOOK_UPS, look_up)
    return list(dict.fromkeys(ip_address(address[0]) for *_, address in found))


class Guard:
    """Lets calls to public addresses through, and to those that operators allow."""

    def __init__(self, settings: OutboundSettings, *, is_development: bool, resolve: Resolve = resolve) -> None:
        self._schemes = ("https", "http") if is_development else ("https",)
        self._networks = [entry for entry in settings.allow if not isinstance(entry, str)]
        self._hosts = frozenset(entry for entry in settings.allow if isinstance(entry, str))
        self._resolve = resolve

    def read(self, url: str) -> Target:
        """The URL, taken apart and not yet resolved; OutboundForbidden if nobody may be called by such a URL."""
        try:
            parsed = URL(url)
            host, port = parsed.raw_host.decode("ascii").rstrip(".").lower(), parsed.port
        except (InvalidURL, UnicodeError, ValueError, TypeError) as error:
            raise OutboundForbidden("the URL cannot be read") from error
        if parsed.scheme not in self._schemes:
            raise OutboundForbidden(f"the URL's scheme is {printable(parsed.scheme)}, not {' or '.join(self._schemes)}")
        if parsed.userinfo:
            raise OutboundForbidden("the URL holds a user name or password")
        if not host or "%" in host:
            raise OutboundForbidden("the URL names no host")
        port = _PORTS[parsed.scheme] if port is None else port
        if not 0 < port < 65536:
            raise OutboundForbidden(f"the URL names no port that there is, but {port}")
        return Target(parsed.copy_with(fragment=None), host, port, ())

    async def find(self, target: Target) -> Target:
        """The same with the addresses to connect to; OutboundForbidden if one of them must not be called."""
        try:
            addresses = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise OutboundFailed(f"{target.host} cannot be resolved") from error
        if not addresses:
            raise OutboundFailed(f"{target.host} has no address")
        if target.host not in self._hosts:
            for address in addresses:
                self._require_allowed(target.host, address)
        return Target(target.url, target.host, target.port, tuple(addresses))

    def _require_allowed(self, host: str, address: Address) -> None:
        if not is_public(address) and not self._is_let_through(address):
            # Named after what operators must set, never told to whoever registered the URL.
            raise OutboundForbidden(f"{host} has the address {address}, which is not public (OIDC_OUTBOUND_ALLOW)")

    def _is_let_through(self, address: Address) -> bool:
        return any(_holds(network, form) for network in self._networks for form in (address, embedded(address)) if form)


def is_public(address: Address) -> bool:
    """Whether an address is one that everybody on the Internet could call (RFC 6890), whatever form it is written in."""
    if (inner := embedded(address)) is not None:
        return is_public(inner)
    is_special = address.is_multicast or address.is_unspecified or address.is_reserved or address.is_link_local
    is_special = is_special or any(_holds(network, address) for network in _SET_ASIDE)
    is_local = isinstance(address, IPv6Address) and (address.is_site_local or address.scope_id is not None)
    return address.is_global and not is_special and not is_local


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to: mapped (RFC 4291 §2.5.5), 6to4 (RFC 3056), NAT64 (RFC 6052)."""
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _holds(network: IPv4Network | IPv6Network, address: Address) -> bool:
    return network.version == address.version and address in network
