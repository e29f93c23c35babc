"""The guard: which addresses may be called at all."""

from asyncio import get_running_loop
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from socket import SOCK_STREAM, gaierror
from urllib.parse import urlsplit

from oidc_server.settings import OutboundSettings

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

#: IPv6 networks whose last 32 bits are an IPv4 address that a gateway leads to (RFC 6052, RFC 4291 §2.5.5).
_EMBEDDING = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("::/96"))


class Forbidden(Exception):
    """A URL that must not be called; the text says why."""


class Guard:
    """Says which address to connect to for a URL."""

    def __init__(self, settings: OutboundSettings, *, development: bool, resolve: Resolve | None = None) -> None:
        self._allowed = settings.allow
        self._schemes = ("https", "http") if development else ("https",)
        self._resolve = resolve or _look_up

    async def check(self, url: str) -> Address:
        """The address to connect to: the very one that was checked, lest the name mean another a moment later."""
        host, port = self._host(url)
        try:
            found = [_parse(one) for one in await self._resolve(host, port)]
        except (OSError, UnicodeError, ValueError) as error:
            raise Forbidden(f"{host} has no address") from error
        if not found:
            raise Forbidden(f"{host} has no address")
        if host not in self._allowed and (inner := [one for one in found if not self._may_be_reached(one)]):
            raise Forbidden(f"{host} is {inner[0]}, which is not on the public internet")
        return found[0]

    def _host(self, url: str) -> tuple[str, int]:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Forbidden("it is no URL") from error
        if parts.scheme not in self._schemes or not parts.hostname:
            raise Forbidden(f"it is no {' or '.join(self._schemes)} URL")
        if "@" in parts.netloc or not url.isascii() or any(character <= " " for character in url):
            raise Forbidden("it holds user information, white space or characters beyond ASCII")
        return parts.hostname.rstrip("."), port or (443 if parts.scheme == "https" else 80)

    def _may_be_reached(self, address: Address) -> bool:
        if any(_is_within(address, one) for one in self._allowed):
            return True
        meant = [address, *_embedded(address)]
        return all(one.is_global and not one.is_multicast and not one.is_reserved for one in meant)


def _parse(text: str) -> Address:
    return ip_address(text.partition("%")[0])


def _embedded(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if not isinstance(address, IPv6Address):
        return []
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(isinstance(network, IPv6Network) and address in network for network in _EMBEDDING):
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


def _is_within(address: Address, allowed: str) -> bool:
    try:
        network = ip_network(allowed, strict=False)
    except ValueError:
        return False  # a host's name
    return address.version == network.version and address in network


async def _look_up(host: str, port: int) -> list[str]:
    try:
        found = await get_running_loop().getaddrinfo(host, port, type=SOCK_STREAM)
    except gaierror as error:
        raise OSError(str(error)) from error
    return [str(one[4][0]) for one in found]
