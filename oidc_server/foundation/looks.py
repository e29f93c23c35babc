"""Looks: a client may have pages look its own way while people are on their way to it.

The gate opens a new page for each request; whoever learns which client a page is for writes it down there.
"""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """What an operator made of the looks of one client's pages."""

    client_id: str
    name: str | None = None
    """What its pages are called; None where they are called what ours are."""
    logo: str | None = None
    """A file among the operator's logos."""
    accent: str | None = None
    accent_dark: str | None = None


_worn: ContextVar[list[Look] | None] = ContextVar("worn", default=None)


def begin() -> None:
    """A request begins, whose pages are our own until somebody says otherwise."""
    _worn.set([])


def wear(look: Look) -> None:
    """Let the pages of the request at hand look like this."""
    if (kept := _worn.get()) is not None:
        # What is set here must be seen where the request goes on, which is another context: so in what both share.
        kept[:] = [look]


def worn() -> Look | None:
    """How the pages of the request at hand look, if not like ours."""
    kept = _worn.get()
    return kept[0] if kept else None
