"""Writes the pages of docs/ that are generated from the code (`make docs`); a test holds them against it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from oidc_server.audit.events import Event
from oidc_server.cli.documents import Document
from oidc_server.foundation import docstrings
from oidc_server.settings import kinds
from oidc_server.settings import model as settings
from oidc_server.settings.model import Settings
from tests.docs import conformance

DOCS = Path(__file__).parents[2] / "docs"


def settings_page() -> str:
    """docs/settings.md: every setting by its environment variable."""
    lines = [
        "# Settings",
        "",
        "<!-- Written by `make docs` from oidc_server/settings/: change it there. -->",
        "",
        "Every setting is an environment variable, or a line in a file `.env` in the working directory. `oidc-server",
        "settings` shows them with their values. Durations are written `90` (seconds), `15m`, `12h`, `7d` or `1h30m`.",
        "",
        "## The server itself",
        "",
    ]
    groups = settings.groups()
    lines += _table(Settings, settings.PREFIX, but=frozenset(groups))
    for group, model in groups.items():
        heading = (model.__doc__ or "").strip().rstrip(".")
        lines += ["", f"## {heading}", "", *_table(model, f"{settings.PREFIX}{group.upper()}_")]
    return "\n".join(lines) + "\n"


def events_page() -> str:
    """docs/events.md: every audit event."""
    lines = [
        "# Audit events",
        "",
        "<!-- Written by `make docs` from oidc_server/audit/events.py: change it there. -->",
        "",
        "Each event is a row of `audit_events` and a line `audit` in the log, with the ids of the user, client, session and",
        "grant that it is about, the caller's address and the request's correlation id.",
        "",
        "| event | what happened |",
        "| --- | --- |",
    ]
    lines += [f"| `{event}` | {meaning} |" for event, meaning in _meanings().items()]
    return "\n".join(lines) + "\n"


def apply_schema() -> str:
    """docs/apply.schema.json: what the file of `oidc-server apply` may hold."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Document.model_json_schema()}
    schema["title"] = "The file that oidc-server apply reads"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "events.md": events_page,
    "apply.schema.json": apply_schema,
    "conformance.md": conformance.page,
}


def _table(model: type[BaseModel], prefix: str, but: frozenset[str] = frozenset()) -> list[str]:
    meanings = docstrings.of(model)
    rows = [
        f"| `{prefix}{(field.alias or name).upper()}` | {_default(field)} | {meanings[name]} |"
        for name, field in model.model_fields.items()
        if name not in but
    ]
    return ["| variable | default | meaning |", "| --- | --- | --- |", *rows]


def _default(field: Any) -> str:
    if field.default_factory is not None:
        return "the number of cores"
    value = field.default
    if value is PydanticUndefined or value in (None, "", ()):
        return ""
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if hasattr(value, "total_seconds"):
        value = kinds.spell(value)
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meanings() -> dict[str, str]:
    """Each event with the docstring that stands below it."""
    source = Path(__file__).parents[2] / "oidc_server" / "audit" / "events.py"
    found: dict[str, str] = {}
    last = ""
    for line in map(str.strip, source.read_text().splitlines()):
        name = line.partition(" = ")[0]
        if name in Event.__members__:
            last = str(Event[name])
        elif last and line.startswith('"""'):
            found[last] = line.strip('"')
    return found


def write() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
