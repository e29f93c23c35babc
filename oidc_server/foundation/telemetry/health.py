"""Health: whether this process lives, and whether it should be sent requests."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from oidc_server.foundation.errors import Unavailable


@dataclass(frozen=True)
class Check:
    """Something that must work for requests to succeed; its work raises Unavailable when it doesn't."""

    name: str
    work: Callable[[], Awaitable[object]]


class Health:
    """The checks of one worker."""

    def __init__(self, checks: list[Check]) -> None:
        self._checks = checks
        self.is_stopping = False

    async def report(self) -> tuple[bool, dict[str, str]]:
        """Whether all is well, and `ok` or the failure's kind for each check."""
        results = {check.name: await _result(check) for check in self._checks}
        if self.is_stopping:
            results["server"] = "stopping"
        return all(result == "ok" for result in results.values()), results


async def _result(check: Check) -> str:
    try:
        await check.work()
    except Unavailable:
        return "unavailable"
    return "ok"
