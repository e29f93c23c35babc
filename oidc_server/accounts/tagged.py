"""Claims in other languages: `family_name#ja-Kana-JP` beside `family_name` (OpenID Connect Core §5.2)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: The claims that people read, or whose page they read; no other has a language.
HUMAN_READABLE = (
    "name", "family_name", "given_name", "middle_name", "nickname", "profile", "website", "address",
)  # fmt: skip
MAX_TAGGED = 50
_TAG = r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"
_WELL_FORMED = re.compile(_TAG)
_MAX_TAG = 35
_MAX_LOCALES = 10


def pattern(names: Iterable[str]) -> str:
    """What a JSON Schema says of the names of these claims with a tag."""
    return rf"^({'|'.join(names)})#{_TAG}$"


def plain(name: str) -> str:
    """A claim's name without its language."""
    return name.partition("#")[0]


def is_tagged(name: str) -> bool:
    """Whether this names a claim in some language (BCP 47)."""
    claim, mark, tag = name.partition("#")
    return bool(mark) and claim in HUMAN_READABLE and _is_tag(tag)


def canonical(name: str) -> str:
    """The one spelling of a claim's name with a tag (RFC 5646 §2.1.1); ValueError if it is none."""
    claim, _, tag = name.partition("#")
    if claim not in HUMAN_READABLE:
        raise ValueError(f"{name}: only these can be told in other languages: {', '.join(HUMAN_READABLE)}")
    if not _is_tag(tag):
        raise ValueError(f"{name}: after # comes a language tag such as ja, de-CH or ja-Kana-JP (BCP 47)")
    first, *others = tag.lower().split("-")
    cased = [one.upper() if len(one) == 2 else one.title() if len(one) == 4 else one for one in others]
    # What stands behind a single letter is an extension, and has no case.
    end = next((place for place, one in enumerate(others) if len(one) == 1), len(others))
    return f"{claim}#{'-'.join([first, *cased[:end], *others[end:]])}"


def of(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Those of these claims that have a language."""
    return {name: value for name, value in claims.items() if "#" in name}


def still_true(known: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Those known with a language that say the same as before: whoever has a new name has it in every language."""
    return {name: value for name, value in of(known).items() if new.get(plain(name)) == known.get(plain(name))}


def locales(text: str | None) -> list[str]:
    """The languages that a client prefers, the best first; what is no tag is passed over (Core §5.2)."""
    return list(dict.fromkeys(one for one in (text or "").split() if _is_tag(one)))[:_MAX_LOCALES]


def told(kept: Mapping[str, Any], names: Iterable[str], locales: Sequence[str]) -> dict[str, Any]:
    """What is told in the languages asked for, by a claim's own tag or for all of them.

    Each stands under the name that says its language; besides that, the plain one is told in a language that is the only one
    asked for, if one version fits: a client that wants one language need know of no tags (Core §5.2).
    """
    found: dict[str, Any] = {}
    for name in names:
        claim, _, tag = name.partition("#")
        for wanted in [tag] if tag else locales:
            fitting = _fitting(kept, claim, wanted)
            found |= {one: kept[one] for one in fitting}
            if not tag and len(locales) == len(fitting) == 1:
                found[claim] = kept[fitting[0]]
    return found


def _fitting(kept: Mapping[str, Any], claim: str, wanted: str) -> list[str]:
    """The names under which a claim is kept in a language: that very one, its regions and scripts, or what it is one of."""
    tags = {name.partition("#")[2].lower(): name for name in kept if name.startswith(f"{claim}#")}
    wanted = wanted.lower()
    closer = [name for tag, name in sorted(tags.items()) if tag.startswith(f"{wanted}-")]
    if wanted not in tags and closer:
        return closer
    while wanted and wanted not in tags:
        wanted = wanted.rpartition("-")[0]
    return [tags[wanted]] if wanted else []


def _is_tag(text: str) -> bool:
    return len(text) <= _MAX_TAG and _WELL_FORMED.fullmatch(text) is not None
