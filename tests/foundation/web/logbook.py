"""The server's log as an operator reads it, for tests that look something up there."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from oidc_server.foundation.telemetry import logs
from oidc_server.settings.model import Settings


class Logbook:
    """Everything that was written since it was opened."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        """All of it."""
        return self._stream.getvalue()

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The lines about one kind of event."""
        found = (json.loads(line) for line in self.text.splitlines())
        return [line for line in found if line["event"] == event]


@contextmanager
def reading(settings: Settings) -> Iterator[Logbook]:
    """Have the log written where the test can read it."""
    stream = io.StringIO()
    _forget_loggers()
    logs.configure(settings, stream)
    try:
        yield Logbook(stream)
    finally:
        _forget_loggers()
        logs.configure(settings)


def _forget_loggers() -> None:
    """Loggers remember how the log was configured when they were first used."""
    for name, module in list(sys.modules.items()):
        if name.startswith("oidc_server"):
            vars(getattr(module, "log", module)).pop("bind", None)
