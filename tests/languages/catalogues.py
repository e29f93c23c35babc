"""The catalogues: the texts that are marked in the code, what each language makes of them, and what is wrong with that."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "translations"

#: What marks a text in Python and in templates; Jinja's own `{% trans %}` comes as gettext and ngettext.
_KEYWORDS = {"N_": None, "_": None, "gettext": None, "ngettext": (1, 2)}
_TEMPLATES = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
_PLACES: tuple[tuple[str, list[tuple[str, str]], dict[str, dict[str, str]]], ...] = (
    ("oidc_server", [("**.py", "python")], {}),
    # The playground is for developers, and stays English.
    ("templates", [("playground/**", "ignore"), ("**.html", "jinja2"), ("**.txt", "jinja2")], {"**": _TEMPLATES}),
)
#: Values go in by name, as text; anything else could not be told from a sign of per cent.
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_TAG = re.compile(r"</?\w+[^>]*>")
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def tags() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.stem for path in FOLDER.glob("*.po"))


def marked() -> Catalog:
    """Every text that is marked in the code."""
    found = Catalog(fuzzy=False)
    for place, methods, options in _PLACES:
        folder = ROOT / place
        for name, _, text, comments, _ in extract_from_dir(folder, methods, options, _KEYWORDS):
            found.add(text, locations=[(f"{place}/{name}", 0)], auto_comments=comments)
    return found


def read(tag: str) -> Catalog:
    """One language's catalogue."""
    with (FOLDER / f"{tag}.po").open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"))


def write(tag: str, catalogue: Catalog) -> None:
    """Keep one language's catalogue, always in the same form."""
    catalogue.header_comment = "# Written by `make translations`: only what stands in msgstr is yours."
    # Whatever would change by itself would make noise in every change.
    catalogue.creation_date = catalogue.revision_date = _SINCE
    catalogue.project = catalogue.last_translator = catalogue.language_team = "oidc-server"
    catalogue.version = ""
    with (FOLDER / f"{tag}.po").open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, ignore_obsolete=True, include_lineno=False)


def update(tag: str, template: Catalog) -> None:
    """Give one language the texts that are new, and take from it those that are gone; nothing is guessed."""
    catalogue = read(tag) if tag in tags() else Catalog(locale=tag.replace("-", "_"), fuzzy=False)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.fuzzy = False
    write(tag, catalogue)


def plurals(tag: str) -> int:
    """How many forms a noun has in this language, by the number before it."""
    return read(tag).num_plurals


def texts(catalogue: Catalog) -> Iterator[Message]:
    """Its messages without its head."""
    return (message for message in catalogue if message.id)


def key(message: Message) -> str:
    """A message's English text, for a plural the one of many."""
    found: Any = message.id
    return found if isinstance(found, str) else str(found[-1])


def forms_of(message: Message) -> list[str]:
    """What a language makes of a message: one text, or the forms of a plural."""
    found: Any = message.string
    return [found] if isinstance(found, str) else list(found or ())


def is_translated(message: Message) -> bool:
    """Whether every form of it is there."""
    forms = forms_of(message)
    return bool(forms) and all(forms)


def missing(tag: str) -> list[Message]:
    """What this language lacks."""
    return [message for message in texts(read(tag)) if not is_translated(message)]


def take(tag: str, translations: dict[str, Any]) -> list[str]:
    """Put translations in, by their English text (a plural's many); those that nobody asked for are told back."""
    catalogue = read(tag)
    known = {key(message): message for message in texts(catalogue)}
    for text, translation in translations.items():
        if text in known:
            known[text].string = tuple(translation) if isinstance(translation, list) else translation
    write(tag, catalogue)
    return sorted(set(translations) - set(known))


def faults(tag: str) -> list[str]:
    """What is wrong with this language's catalogue."""
    catalogue, template = read(tag), marked()
    wanted, found = ({key(message) for message in texts(one)} for one in (template, catalogue))
    told = [f"not in the catalogue: {text!r}" for text in sorted(wanted - found)]
    told += [f"not in the code any more: {text!r}" for text in sorted(found - wanted)]
    for message in texts(catalogue):
        if not is_translated(message):
            told.append(f"not translated: {key(message)!r}")
        elif message.fuzzy:
            told.append(f"fuzzy: {key(message)!r}")
        else:
            told += _unlike(message, catalogue.num_plurals)
    return told


def _unlike(message: Message, plurals: int) -> Iterable[str]:
    """Where a translation has other placeholders, tags or forms than its text."""
    is_plural = not isinstance(message.id, str)
    forms = forms_of(message)
    if is_plural and len(forms) != plurals:
        yield f"{len(forms)} forms, expected {plurals}: {key(message)!r}"
    for pattern in (PLACEHOLDER, _TAG):
        wanted = sorted(pattern.findall(key(message)))
        # A form for one or two may say so without the number.
        allowed = [wanted, []] if is_plural and pattern is PLACEHOLDER else [wanted]
        for form in forms:
            if sorted(pattern.findall(form)) not in allowed:
                yield f"{form!r} has not the same {'values' if pattern is PLACEHOLDER else 'tags'} as {key(message)!r}"
