"""How a command reaches the house, and how it speaks to its operator."""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError, IntegrityError

from oidc_server.foundation.errors import Misconfigured, Unavailable
from oidc_server.foundation.telemetry import logs
from oidc_server.house import House, opened
from oidc_server.settings import model as settings_module
from oidc_server.settings.model import Settings

T = TypeVar("T")

_SECRET = re.compile(r"password|secret|url$", re.IGNORECASE)
#: What pydantic says in the words of its own language, in those of whoever writes a file.
_TOLD = {
    "missing": "is missing",
    "extra_forbidden": "there is no such member",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "string_type": "must be text; what YAML reads as something else needs quotes",
}

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

JSON_OPTION = typer.Option(False, "--json", help="Print JSON, for programs.")


def fail(text: str, code: int = 1) -> NoReturn:
    """Say what is wrong and leave."""
    err.print(f"[bold red]Error:[/] {_escaped(text)}")
    raise typer.Exit(code)


def settings() -> Settings:
    """The settings, or a clear word on what is wrong with them."""
    for name in settings_module.unknown_variables():
        err.print(f"[yellow]Warning:[/] {_escaped(name)} is no setting; `oidc-server settings` lists them.")
    try:
        return Settings()
    except ValidationError as error:
        fail(explain(error, place=_variable))


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)


def _variable(location: tuple[int | str, ...]) -> str:
    """The variable that a setting is read from."""
    words = [part.upper() for part in location if isinstance(part, str)]
    return settings_module.PREFIX + "_".join(words) if words else ""


def explain(error: ValidationError, place: Callable[[tuple[int | str, ...]], str] = _path) -> str:
    """What a document or a set of settings has wrong, a line each, with what was received where that is no secret."""
    lines = []
    for one in error.errors():
        where = place(one["loc"])
        told = _TOLD.get(one["type"]) or str(one["msg"]).replace("Value error, ", "").rstrip(".")
        received = one.get("input")
        is_shown = one["type"] != "extra_forbidden"  # a misspelt name may be that of a secret
        if (
            is_shown
            and isinstance(received, str | int | float | bool)
            and not _SECRET.search(where)
            and repr(received) not in told
        ):
            told += f", received {received!r}"
        lines.append(f"{where}: {told}" if where else told)
    return "\n".join(lines)


def with_house(work: Callable[[House], Awaitable[T]]) -> T:
    """Do something in the house and close it again."""
    chosen = settings()
    logs.configure(chosen.model_copy(update={"log": chosen.log.model_copy(update={"level": "WARNING"})}), sys.stderr)

    async def run() -> T:
        async with opened(chosen) as house:
            return await work(house)

    return run_async(run())


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work, turning what operators can mend into words."""
    with in_words():
        return asyncio.run(work)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what operators can mend into words."""
    try:
        yield
    except Misconfigured as error:
        fail(str(error))
    except Unavailable as error:
        fail(f"The database does not answer: {error.because}")
    except IntegrityError:
        raise  # what that means, only the command knows
    except DBAPIError as error:
        fail(f"The database refuses: {error.orig}")


def show(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print rows as a table, or as JSON for programs."""
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2, default=str) + "\n")
        return
    if not rows:
        out.print("None.")
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(_escaped(_cell(value)) for value in row.values()))
    out.print(table)


def show_one(row: dict[str, Any], *, as_json: bool) -> None:
    """Print one thing."""
    if as_json:
        sys.stdout.write(json.dumps(row, indent=2, default=str) + "\n")
        return
    for name, value in row.items():
        out.print(f"[bold]{name}[/]: {_escaped(_cell(value))}")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
