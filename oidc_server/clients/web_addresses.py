"""Web addresses that a client names: which of them people may be shown as links, or be sent to."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

MAX_LENGTH = 2048
_UNSAFE = '\\"<>^`{|}'
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?")
#: What browsers take for an IPv4 address in disguise: a last label that is a number, also a hexadecimal one.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


def check(address: str, *, development: bool, may_be_internal: bool = False) -> None:
    """Raise ValueError, saying why, unless this is an https URL of a host that everybody can reach.

    In development http will do, and so will any host.
    """
    parts = _split(address)
    schemes = ("https", "http") if development else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"must be an {' or '.join(schemes)} URL")
    if "@" in parts.netloc:
        raise ValueError("must hold no user name or password")
    literal = _literal(parts.hostname)
    if literal is None and not _HOST_NAME.fullmatch(parts.hostname):
        raise ValueError("must name a host")
    if not (development or may_be_internal) and _is_internal(parts.hostname, literal):
        raise ValueError("must name a host that everybody can reach")


def _split(address: str) -> SplitResult:
    """Parse strictly: what browsers would mend in their own ways is refused."""
    if len(address) > MAX_LENGTH:
        raise ValueError(f"must have at most {MAX_LENGTH} characters")
    if any(not "!" <= character <= "~" or character in _UNSAFE for character in address):
        raise ValueError("must hold printable ASCII only, with everything else percent-encoded (RFC 3986 §2)")
    parts = urlsplit(address)
    if address[: len(parts.scheme) + 3] != f"{parts.scheme}://":
        raise ValueError("must be an absolute URL, with its scheme in lower case")
    _ = parts.port  # urlsplit checks the port only when it is asked for
    return parts


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _is_internal(host: str, literal: IPv4Address | IPv6Address | None) -> bool:
    if literal is not None:
        return not literal.is_global
    labels = host.lower().rstrip(".").split(".")
    return labels[-1] == "localhost" or _NUMBER.fullmatch(labels[-1]) is not None
