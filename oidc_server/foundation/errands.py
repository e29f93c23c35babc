"""Errands: work that one process has under way, so much at once and no more."""

import asyncio
from collections.abc import Callable, Coroutine


class Errands:
    """What was set out on and has not ended; one that hangs holds up no other, until there is no room."""

    def __init__(self, at_most: int, failed: Callable[[BaseException], object]) -> None:
        self.at_most = at_most
        self.bell = asyncio.Event()
        """Rung when there is room again; others may ring it too, when something waits."""
        self._failed = failed
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def room(self) -> int:
        """How many more may be set out on; none, too, when two who looked at once have set out on too many."""
        return max(0, self.at_most - len(self._under_way))

    def set_out(self, work: Coroutine[None, None, None]) -> None:
        """Begin one."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._has_ended)

    async def finish(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        had_room = self.room > 0
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._failed(error)
        if not had_room:
            # Something may have waited for it.
            self.bell.set()
