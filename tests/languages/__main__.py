"""Keeps the catalogues: `update`, `missing`, `take FILE`, `add TAG` (docs/translating.md)."""

import json
import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Message

from tests.languages import catalogues


def update(*more: str) -> None:
    """Give every language the texts that are new."""
    template = catalogues.marked()
    for tag in {*catalogues.tags(), *more}:
        catalogues.update(tag, template)
        sys.stdout.write(f"{tag}: {len(catalogues.missing(tag))} to translate\n")


def missing() -> None:
    """Write what each language lacks as JSON: `{"de": {"English text": ""}}`, a list of forms for a plural."""
    update_quietly()
    lacking = {
        tag: {catalogues.key(one): _empty(tag, one) for one in catalogues.missing(tag)} for tag in catalogues.tags()
    }
    sys.stdout.write(json.dumps(lacking, ensure_ascii=False, indent=2) + "\n")


def take(file: str) -> None:
    """Put the translations of such a file in; what is still empty in it stays open."""
    update_quietly()
    given: dict[str, dict[str, Any]] = json.loads(Path(file).read_text(encoding="utf-8"))
    for tag, translations in given.items():
        unknown = catalogues.take(tag, {text: translation for text, translation in translations.items() if translation})
        for text in unknown:
            sys.stderr.write(f"{tag}: no such text: {text!r}\n")
        for fault in catalogues.faults(tag):
            sys.stderr.write(f"{tag}: {fault}\n")


def update_quietly() -> None:
    """The same as `update`, without a word."""
    template = catalogues.marked()
    for tag in catalogues.tags():
        catalogues.update(tag, template)


def _empty(tag: str, message: Message) -> str | list[str]:
    return "" if isinstance(message.id, str) else [""] * catalogues.plurals(tag)


def main(arguments: list[str]) -> None:
    """Do what the first argument says."""
    match arguments:
        case [] | ["update"]:
            update()
        case ["missing"]:
            missing()
        case ["take", file]:
            take(file)
        case ["add", tag]:
            update(tag)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
