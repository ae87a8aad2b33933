"""Tasks and threads that code of the game starts on the host: they go with it, or haunt the next.

What a game wants to happen later is state like any other, and `after` keeps it. A task of its own
ends with the host that started it; on a host that is deposed it goes on, and writes what that may
not write.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator

import attrs
import trio

from .deeds import Deed
from .mistakes import Mistake, MistakeKind


@attrs.define(eq=False)
class Loose:
    """How many tasks and threads there are."""

    _before: tuple[int, int] = attrs.field(default=(0, 0), init=False)
    _inner: tuple[int, int] = attrs.field(default=(0, 0), init=False)

    def begin(self) -> None:
        """The outermost call of code of the host begins."""
        self._before = _count()

    def begin_hook(self) -> None:
        """A hook runs within it that runs on every peer: what that starts is each peer's own."""
        self._inner = _count()

    def end_hook(self) -> None:
        """It has run."""
        tasks, threads = (now - was for now, was in zip(_count(), self._inner, strict=True))
        self._before = self._before[0] + tasks, self._before[1] + threads

    def end(self, deed: Deed, peer: str) -> Iterator[Mistake]:
        """It has run."""
        now = _count()
        if now == self._before:
            return
        if now[0] > self._before[0] and (names := _new_tasks()):
            what = f"the task {names[-1]}"
        elif now[1] > self._before[1]:
            what = f"the thread {threading.enumerate()[-1].name}"
        else:
            return
        evidence = f"{deed} started {what} on {peer}, the host, and it goes on by itself."
        yield Mistake(MistakeKind.LOOSE_TASK, deed.name, evidence[:1].upper() + evidence[1:])


def _count() -> tuple[int, int]:
    tasks = trio.lowlevel.current_statistics().tasks_living if trio.lowlevel.in_trio_run() else 0
    return tasks, threading.active_count()


def _new_tasks() -> list[str]:
    """The names of the tasks that were started and have not had their turn, but for p2pnet's."""
    root = trio.lowlevel.current_root_task()
    waiting = [] if root is None else [root]
    found: list[str] = []
    while waiting:
        task = waiting.pop()
        waiting += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
        coro = task.coro
        if not inspect.iscoroutine(coro) or coro.cr_frame is None:
            continue
        if inspect.getcoroutinestate(coro) == inspect.CORO_CREATED:
            module = coro.cr_frame.f_globals.get("__name__", "")
            if module.partition(".")[0] not in ("p2pnet", "trio"):
                found.append(coro.__qualname__)
    return sorted(found)
