"""Processes that stand still: none of their tasks runs, whatever it waits for, until they go on.

A process that is stopped, or on a laptop whose lid is closed, does nothing at all: not the protocol
nor its links, nor what the game has running beside it. What it waited for may come about meanwhile;
it finds out when it goes on, and so do all deadlines that went by.

Here a process is a task with all that are below it. Those of them that trio would run next are put
aside for as long as the process stands still.
"""

from __future__ import annotations

from collections import deque

import attrs
from trio.lowlevel import Task

from .scheduler import queue_of, set_queue


@attrs.define(eq=False)
class Standstill:
    """Who stands still in one run of trio."""

    _aside: dict[Task, list[Task]] = attrs.field(factory=dict, init=False)
    """By the task at the top of a process: those below it that would run, in order."""

    def begin(self, top: Task) -> None:
        """From now on this task and all below it stand still."""
        self._aside[top] = []
        self._sort_anew(top)

    def end(self, top: Task) -> None:
        """They go on. Does nothing for one that does not stand still."""
        aside = self._aside.pop(top, [])
        self._sort_anew(top)
        for task in aside:
            queue_of(top).append(task)

    def put_aside(self, task: Task) -> bool:
        """Whether this task is one of those, and has been put aside."""
        above: Task | None = task
        while above is not None:
            if above in self._aside:
                self._aside[above].append(task)
                return True
            above = above.parent_nursery.parent_task if above.parent_nursery is not None else None
        return False

    def _sort_anew(self, task: Task) -> None:
        """The queue is an ordinary one, which costs nothing, while nobody stands still."""
        waiting = queue_of(task)
        set_queue(task, _Queue(self) if self._aside else deque())
        for each in waiting:
            queue_of(task).append(each)


class _Queue(deque[Task]):
    """The tasks that trio runs next, but for those that stand still."""

    def __init__(self, standstill: Standstill) -> None:
        super().__init__()
        self._standstill = standstill

    def append(self, task: Task) -> None:
        if not self._standstill.put_aside(task):
            super().append(task)
