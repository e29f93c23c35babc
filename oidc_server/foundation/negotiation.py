"""Negotiation: in which language whoever sent a request wants to be answered (RFC 4647 §3.4).

The gate opens a new page for each request; whoever learns something about the person's languages writes it down there.
"""

import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

_RANGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_QUALITY = re.compile(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", re.IGNORECASE)
_MAX_LENGTH = 500
_MAX_RANGES = 20


class Wishes:
    """What is known so far of the languages of whoever sent a request."""

    __slots__ = ("client", "profile", "scope")

    def __init__(self, scope: Mapping[str, Any] | None = None) -> None:
        self.scope = scope
        """The request itself (ASGI), for what stands in its headers."""
        self.client = ""
        """What the client wishes for the person: `ui_locales` (OpenID Connect Core §3.1.2.1)."""
        self.profile = ""
        """What the person says of themselves: the claim `locale`."""


_wishes: ContextVar[Wishes | None] = ContextVar("wishes", default=None)


def begin(scope: Mapping[str, Any]) -> None:
    """A request begins, of which nothing is known yet."""
    _wishes.set(Wishes(scope))


def wishes() -> Wishes:
    """What is known of the request that is being answered."""
    return _wishes.get() or Wishes()


def note_client(ui_locales: str | None) -> None:
    """The client wishes for these languages, parted by spaces."""
    if ui_locales:
        wishes().client = ui_locales


def note_profile(locale: object) -> None:
    """The person who is signed in has this locale."""
    if isinstance(locale, str):
        wishes().profile = locale


def listed(text: str) -> list[str]:
    """Language ranges parted by spaces, the best first; what is none is left out."""
    parts = text[:_MAX_LENGTH].replace("_", "-").split()
    return [part for part in parts if _RANGE.fullmatch(part)][:_MAX_RANGES]


def weighed(header: str) -> list[str]:
    """The ranges of an Accept-Language header, the best first (RFC 9110 §12.5.4); what can't be read is left out."""
    found: list[tuple[float, str]] = []
    for part in header[:_MAX_LENGTH].split(","):
        wanted, _, parameter = part.strip().partition(";")
        quality = _QUALITY.fullmatch(parameter) if parameter else None
        if not _RANGE.fullmatch(wanted.strip()) or (parameter and quality is None):
            continue
        weight = float(quality[1]) if quality else 1.0
        if weight > 0:
            found.append((weight, wanted.strip()))
    found.sort(key=lambda one: -one[0])
    return [wanted for _, wanted in found[:_MAX_RANGES]]


def lookup(ranges: Iterable[str], tags: Iterable[str]) -> str | None:
    """The tag that fits best: each range is shortened from its end until one does (RFC 4647 §3.4)."""
    known = {tag.lower(): tag for tag in tags}
    for wanted in ranges:
        parts = wanted.lower().split("-")
        while parts:
            if found := known.get("-".join(parts)):
                return found
            parts.pop()
            if parts and len(parts[-1]) == 1:
                # A single letter only introduces what came after it.
                parts.pop()
    return None
