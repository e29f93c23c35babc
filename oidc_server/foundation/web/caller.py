"""The caller's address: the connection's peer, or what a trusted proxy says of it."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FORWARDED = (b"x-forwarded-for", b"forwarded")
_UNKNOWN = ip_address("0.0.0.0")  # noqa: S104 - nothing is bound to it


def address(scope: Scope, trusted: Sequence[Network]) -> Address:
    """Who is calling; `X-Forwarded-For` is read from its right end, as far as the proxies are trusted."""
    caller = _peer(scope)
    if not trusted or not is_within(caller, trusted):
        return caller
    for hop in reversed(_hops(scope)):
        try:
            caller = _plain(ip_address(hop))
        except ValueError:
            return caller
        if not is_within(caller, trusted):
            return caller
    return caller


def is_direct(scope: Scope, trusted: Sequence[Network]) -> bool:
    """Whether no proxy that we don't trust stands between us and whoever `address` names."""
    return is_within(_peer(scope), trusted) or not any(name in _FORWARDED for name, _ in scope["headers"])


def is_from_proxy(scope: Scope, trusted: Sequence[Network]) -> bool:
    """Whether a proxy that we trust sent this, so that what it says of the caller is believed."""
    return is_within(_peer(scope), trusted)


def is_within(caller: Address, networks: Sequence[Network]) -> bool:
    """Whether an address belongs to one of these networks."""
    return any(caller in network for network in networks if network.version == caller.version)


def neighbourhood(caller: Address) -> str:
    """What one subscriber can choose from: an IPv4 address, or an IPv6 /64 network."""
    if caller.version == 4:
        return str(caller)
    return str(IPv6Network((int(caller), 64), strict=False))


def _peer(scope: Scope) -> Address:
    client = scope.get("client")
    return _parsed(client[0]) if client else _UNKNOWN


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Address:
    try:
        return _plain(ip_address(text))
    except ValueError:
        return _UNKNOWN


def _plain(found: Address) -> Address:
    """An IPv4 address, also when it comes dressed as IPv6."""
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _hops(scope: Scope) -> list[str]:
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [hop.strip() for hop in ",".join(values).split(",") if hop.strip()]
