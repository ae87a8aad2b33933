"""What the one task that has to do with it waits for, and anybody rings.

A parking lot does this for any number of tasks, and keeps them in order. Here it is always the same
task that waits, and it is woken for everything that happens to a peer: so less will do.
"""

from __future__ import annotations

import trio


class Bell:
    """Wakes one task."""

    def __init__(self) -> None:
        self._waiting: trio.lowlevel.Task | None = None

    def ring(self) -> None:
        """End the wait. Nothing happens if nobody waits."""
        task, self._waiting = self._waiting, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    async def wait(self) -> None:
        """Until it rings next."""
        assert self._waiting is None, "a bell is for one task"
        self._waiting = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._call_off)

    def _call_off(self, raise_cancel: object) -> trio.lowlevel.Abort:
        self._waiting = None
        return trio.lowlevel.Abort.SUCCEEDED
