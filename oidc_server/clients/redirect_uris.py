"""Redirect URIs: which may be registered, and which one a request may use. Exact match, nothing clever (RFC 9700 §2.1)."""

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from oidc_server.foundation.printable import printable

_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
#: Schemes that run or read something where they are opened.
_FORBIDDEN = frozenset(
    {
        "javascript",
        "data",
        "vbscript",
        "file",
        "blob",
        "about",
        "filesystem",
        "view-source",
        "ws",
        "wss",
        "ftp",
        "mailto",
    }
)
MAX_LENGTH = 2048
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@]{1,253})(:[0-9]{1,5})?")


def check(uri: str, *, application_type: str, development: bool) -> None:
    """Raise ValueError, saying why, unless this redirect URI may be registered (RFC 6749 §3.1.2, RFC 8252 §7, §8.4)."""
    parts = _split(uri)
    if parts.fragment or "#" in uri:
        raise ValueError("a redirect URI must have no fragment (RFC 6749 §3.1.2)")
    if parts.scheme in ("http", "https"):
        _check_web(parts, development)
    elif application_type != "native":
        raise ValueError(f"the scheme {parts.scheme!r} is for clients with application_type native (RFC 8252 §7.1)")
    elif parts.scheme in _FORBIDDEN or "." not in parts.scheme:
        expected = "a private-use scheme must be a reversed domain name like com.example.app"
        raise ValueError(f"{expected}, received {parts.scheme!r} (RFC 8252 §7.1)")


def check_implicit(uri: str) -> None:
    """Raise ValueError unless tokens may be sent there in the browser of a web client (OpenID Connect Registration §2)."""
    parts = _split(uri)
    if parts.scheme != "https" or parts.hostname == "localhost":
        raise ValueError(
            "with the grant type implicit it must use https, and not localhost, unless the client is native"
        )


def matches(requested: str, registered: Sequence[str], *, application_type: str) -> bool:
    """Whether a request may use this URI: one that is registered, letter for letter.

    A native application may use any port of a registered loopback URI (RFC 8252 §7.3, RFC 9700 §2.1).
    """
    if requested in registered:
        return True
    return application_type == "native" and any(_same_but_port(requested, one) for one in registered)


def origin(uri: str) -> str | None:
    """The web origin of an http or https URI, as browsers write it; None for others."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    default = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, default) else "")


def host(uri: str) -> str:
    """What a person is shown of where an answer goes: the host, or the scheme of a native app."""
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme in ("http", "https") else parts.scheme


def shown(uri: str) -> str:
    """A received URI, fit for a message: without its query, where clients by mistake send codes and tokens."""
    return printable(re.split(r"[?#]", uri, maxsplit=1)[0], 300)


def is_https(uri: str) -> bool:
    """Whether an answer sent there reaches only who owns the host; a loopback port or private-use scheme proves nothing."""
    return uri.startswith("https://")


def _check_web(parts: SplitResult, development: bool) -> None:
    if not parts.hostname:
        raise ValueError("a redirect URI must name a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a redirect URI must hold no user name or password")
    if "*" in parts.netloc:
        raise ValueError("a redirect URI must name one host: wildcards are not supported (RFC 9700 §2.1)")
    if parts.scheme == "http" and not development and _host_of(parts) not in _LOOPBACK:
        raise ValueError("a redirect URI must use https; http is for applications on loopback (RFC 8252 §7.3)")


def _same_but_port(requested: str, registered: str) -> bool:
    """Whether both are the same http URI on the same loopback address, apart from the port."""
    try:
        one, other = _split(requested), _split(registered)
        ports_are_numbers = one.port != 0 and other.port != 0
    except ValueError:
        return False
    if _host_of(one) != _host_of(other) or _host_of(other) not in _LOOPBACK:
        return False
    same_rest = requested.partition(one.netloc)[::2] == registered.partition(other.netloc)[::2]
    return ports_are_numbers and one.scheme == "http" and "@" not in one.netloc and same_rest


def _split(uri: str) -> SplitResult:
    """Parse strictly: no white space, control characters, backslashes or anything beyond ASCII."""
    if not 0 < len(uri) <= MAX_LENGTH:
        raise ValueError(f"a redirect URI must have 1 to {MAX_LENGTH} characters")
    if any(not "!" <= character <= "~" or character in '\\"<>^`{|}' for character in uri):
        raise ValueError(
            "a redirect URI must hold printable ASCII only, with everything else percent-encoded (RFC 3986 §2)"
        )
    parts = urlsplit(uri)
    if not parts.scheme or uri[: len(parts.scheme)] != parts.scheme:
        raise ValueError("a redirect URI must be absolute, with its scheme in lower case")
    if parts.scheme in ("http", "https") and not _AUTHORITY.fullmatch(parts.netloc.rpartition("@")[2]):
        raise ValueError(
            "a redirect URI must name a host of at most 253 characters, and a port that is a number if any"
        )
    _ = parts.port  # urlsplit checks the port only when it is asked for
    return parts


def _host_of(parts: SplitResult) -> str:
    netloc = parts.netloc.rpartition("@")[2]
    return netloc[: netloc.index("]") + 1] if netloc.startswith("[") and "]" in netloc else netloc.partition(":")[0]
