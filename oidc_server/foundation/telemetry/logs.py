"""Logs: one line for each thing that happened, with the request's correlation id.

Other libraries never write below WARNING: at DEBUG, Authlib writes tokens and aiosqlite writes statements with their values.
"""

import logging
import re
import sys
from functools import lru_cache
from typing import Any, TextIO

import structlog
from structlog.contextvars import merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from oidc_server.foundation.encoding import compact_json
from oidc_server.foundation.telemetry.pseudonyms import Pseudonyms
from oidc_server.settings.model import Settings

_SECRET_NAMES = re.compile(
    r"password|secret|token|^code$|code_verifier|authorization|cookie|assertion|csrf|interaction|id_token_hint",
    re.IGNORECASE,
)
#: Names that look secret and aren't.
_HARMLESS_NAMES = frozenset({"token_type", "token_type_hint", "password_scheme", "token_endpoint_auth_method"})
_HIDDEN = "[hidden]"


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send every line, ours and other libraries', to the terminal in the chosen format."""
    level = getattr(logging, settings.log.level)
    out = stream or sys.stdout
    style = settings.log.format or ("console" if settings.development else "json")
    render = _console(out) if style == "console" else structlog.processors.JSONRenderer(_json)
    before: list[Processor] = [
        merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _hide_secrets,
    ]
    has_pseudonyms = settings.log.pseudonyms
    after: list[Processor] = [structlog.processors.format_exc_info] if style == "json" or has_pseudonyms else []
    if has_pseudonyms:
        # Last of all, so that what libraries and tracebacks say is covered, too.
        after.append(_pseudonymise(Pseudonyms(settings.keys.dir)))
    structlog.configure(
        processors=[*before, *after, render],
        logger_factory=structlog.WriteLoggerFactory(out),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=stream is None,
    )
    _adopt_other_libraries(before, after, render, out, level)


def _adopt_other_libraries(
    before: list[Processor], after: list[Processor], render: Processor, out: TextIO, level: int
) -> None:
    """Give the lines of Python's own `logging` the same shape."""
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *after, render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"
        logging.getLogger(name).setLevel(logging.WARNING)


def _json(line: EventDict, **_: Any) -> str:
    return compact_json(line).decode()


def _console(out: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=out.isatty(),
        pad_event_to=24,
        # The one that it would choose shows the values of local variables, passwords among them.
        exception_formatter=structlog.dev.plain_traceback,
    )


def _pseudonymise(pseudonyms: Pseudonyms) -> Processor:
    def replace(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
        return {name: pseudonyms.hide(value) for name, value in line.items()}

    return replace


def _hide_secrets(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """A second fence: whoever logs a secret by its usual name logs nothing."""
    for name, value in line.items():
        if _is_secret(name) and value is not None:
            line[name] = _HIDDEN
        elif isinstance(value, dict):
            line[name] = _without_secrets(value)
    return line


def _without_secrets(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _HIDDEN if _is_secret(str(name)) else value for name, value in values.items()}


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return name not in _HARMLESS_NAMES and bool(_SECRET_NAMES.search(name))
