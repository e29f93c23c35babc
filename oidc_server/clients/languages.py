"""Members in other languages: `client_name#de` beside `client_name` (RFC 7591 §2.2)."""

import re
from collections.abc import Mapping
from typing import Any

#: The members that people read, or whose page they read.
TRANSLATED = frozenset({"client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"})
MAX_TRANSLATIONS = 50
#: Where they are kept while a registration is in memory; in documents they stand among the others.
FIELD = "translations"
#: What a JSON Schema says of them.
PATTERN = rf"^({'|'.join(sorted(TRANSLATED))})#[A-Za-z]{{2,8}}(-[A-Za-z0-9]{{1,8}})*$"
_TAGGED = re.compile(PATTERN)
_MAX_NAME = 64


def is_tagged(name: str) -> bool:
    """Whether a member is one that we know with a language tag behind it (BCP 47)."""
    return len(name) <= _MAX_NAME and name.isascii() and _TAGGED.fullmatch(name) is not None


def plain(name: str) -> str:
    """A member's name without its language tag."""
    return name.partition("#")[0]


def gather(members: Mapping[str, Any]) -> dict[str, Any]:
    """Members with those in other languages put together under `FIELD`."""
    tagged = {name: value for name, value in members.items() if is_tagged(name)}
    others = {name: value for name, value in members.items() if name not in tagged}
    return {**others, FIELD: tagged} if tagged else others


def spread(members: Mapping[str, Any]) -> dict[str, Any]:
    """Members with those in other languages among the others."""
    others = {name: value for name, value in members.items() if name != FIELD}
    return {**others, **(members.get(FIELD) or {})}


def fitting(
    plain_members: Mapping[str, str | None], translations: Mapping[str, str], tag: str
) -> dict[str, str | None]:
    """The members that people read as somebody gets them who reads `tag`: its own, one of its regions, or the plain one."""
    return {name: _in(translations, name, tag.lower()) or value for name, value in plain_members.items()}


def _in(translations: Mapping[str, str], name: str, tag: str) -> str | None:
    tagged = {key.partition("#")[2].lower(): text for key, text in translations.items() if plain(key) == name}
    regions = sorted(one for one in tagged if one.startswith(f"{tag}-"))
    return tagged.get(tag) or (tagged[regions[0]] if regions else None)
