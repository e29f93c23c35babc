"""The kinds of values that settings have, and how they are written in the environment."""

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_settings import NoDecode

#: One name in a `scope` (RFC 6749 §3.3): printable ASCII without spaces, quotes or backslashes.
SCOPE_NAME = r"[!#-\[\]-~]+"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?")
_DURATION = re.compile(r"(?:\d+[smhd])+")


def _duration(value: Any) -> Any:
    """Read `90`, `15m`, `1h30m` or `7d`; leave the rest to pydantic (a timedelta, ISO 8601)."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if text.isdigit():
        return timedelta(seconds=int(text))
    if not _DURATION.fullmatch(text):
        if text.startswith("p") or ":" in text:
            return value
        raise ValueError("expected a duration such as 90 (seconds), 15m, 12h, 7d or 1h30m")
    parts = re.findall(r"(\d+)([smhd])", text)
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


def spell(duration: timedelta) -> str:
    """Write a duration as `_duration` reads it, in its largest whole unit."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def listed(value: Any) -> Any:
    """What stands between commas; leave the rest to pydantic."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _scopes(value: Any) -> Any:
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _in_order(value: Any) -> Any:
    """A response type as we write it: its words are a set (OAuth 2.0 Multiple Response Types §3)."""
    return " ".join(sorted(value.split())) if isinstance(value, str) else value


def _network(value: Any) -> Any:
    return ip_network(value, strict=False) if isinstance(value, str) else value


Duration = Annotated[
    timedelta, BeforeValidator(_duration), PlainSerializer(spell, return_type=str), Field(gt=timedelta())
]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network), PlainSerializer(str, return_type=str)]
ResponseType = Annotated[
    Literal["code", "code id_token", "code id_token token", "code token", "id_token", "id_token token"],
    BeforeValidator(_in_order),
]
ResponseTypes = Annotated[tuple[ResponseType, ...], NoDecode, BeforeValidator(listed)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(listed)]
Scope = Annotated[str, Field(pattern=f"^{SCOPE_NAME}$")]
Scopes = Annotated[tuple[Scope, ...], NoDecode, BeforeValidator(_scopes), Field(min_length=1)]


def _host(value: Any) -> Any:
    """A network, or the name of a host in lower case."""
    if not isinstance(value, str):
        return value
    try:
        return ip_network(value.strip("[]"), strict=False)
    except ValueError:
        if not _HOST.fullmatch(value.lower()):
            raise ValueError(f"expected the name of a host or a network, received {value!r}") from None
        return value.lower().rstrip(".")


Host = Annotated[IPv4Network | IPv6Network | str, BeforeValidator(_host), PlainSerializer(str, return_type=str)]
Hosts = Annotated[tuple[Host, ...], NoDecode, BeforeValidator(listed)]


def _web_url(value: Any) -> Any:
    """An http or https URL with a host."""
    if isinstance(value, str):
        parts = urlsplit(value)
        if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username is not None:
            raise ValueError(f"expected an https URL, received {value!r}")
    return value


WebUrl = Annotated[str, BeforeValidator(_web_url)]


class Group(BaseModel):
    """Settings that belong together; the class's first line is their heading in the documentation."""

    # A variable that we don't know is pointed out, not refused: a platform may have set it for its own ends.
    model_config = ConfigDict(extra="ignore", frozen=True)
