"""Pseudonyms: what stands in the log for a network address or an e-mail address, so that lines can still be joined.

They are made with a key that is derived from the master key: who has only the log can't try out addresses. Commands that run
before there is a master key hide the address altogether.
"""

import re
from base64 import b32encode
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any

from oidc_server.foundation import sealing
from oidc_server.foundation.errors import Misconfigured
from oidc_server.foundation.sealing import Sealing

_PURPOSE = "log pseudonym"
_HIDDEN = "[hidden]"
_BYTES = 10
_MAIL = r"""[^\s@"'<>(),;:=/\\{}\[\]|]+@[\w.-]*\w"""
_IPV4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
_IPV6 = r"(?<![\w:.])[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?<!\.)"
_ADDRESS = re.compile(f"(?P<mail>{_MAIL})|(?P<ip>{_IPV4}|{_IPV6})")


class Pseudonyms:
    """Replaces addresses."""

    def __init__(self, keys: Path) -> None:
        self._keys = keys
        self._sealing: Sealing | None = None
        self._made = lru_cache(maxsize=4096)(self._make)

    def hide(self, value: Any) -> Any:
        """The same value without an address in it, however deep."""
        if isinstance(value, str):
            return _ADDRESS.sub(self._replace, value)
        if isinstance(value, dict):
            return {name: self.hide(one) for name, one in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.hide(one) for one in value]
        return value if value is None or isinstance(value, int | float) else _ADDRESS.sub(self._replace, str(value))

    def _replace(self, match: re.Match[str]) -> str:
        found = match[0]
        if match["mail"]:
            return self._pseudonym("mail", found.casefold())
        try:
            known = ip_address(found)
        except ValueError:
            return found
        plain = (known.ipv4_mapped or known) if isinstance(known, IPv6Address) else known
        return self._pseudonym("ip", plain.compressed)

    def _pseudonym(self, kind: str, address: str) -> str:
        if self._sealing is None:
            try:
                # Whether others can read the key is for those to say who serve with it.
                self._sealing = sealing.load(self._keys, strict=False)
            except Misconfigured:
                return _HIDDEN
        return self._made(kind, address)

    def _make(self, kind: str, address: str) -> str:
        assert self._sealing is not None  # noqa: S101 - read just before
        digest = self._sealing.lasting(_PURPOSE, f"{kind} {address}".encode("utf-8", "replace"))
        return f"{kind}-{b32encode(digest[:_BYTES]).decode().lower()}"
