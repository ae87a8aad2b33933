"""What trio keeps to itself and a repeatable run needs. Nothing else here touches such names.

There are three: the flag by which the scheduler sorts each batch of tasks before it shuffles it,
the generator that it shuffles with, and the runner, which knows who has something to do and when.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import trio
from trio._core import _run

_FLAG: Final = "_ALLOW_DETERMINISTIC_SCHEDULING"
_SHUFFLER: Final = "_r"
_CONTEXT: Final = "GLOBAL_RUN_CONTEXT"


@contextmanager
def repeatable(dice: random.Random) -> Iterator[None]:
    """Runs of trio in here take their tasks in an order that `dice` decide."""
    shuffler, flag = _of_trio(_SHUFFLER), _of_trio(_FLAG)
    before = shuffler.getstate()
    shuffler.setstate(dice.getstate())
    setattr(_run, _FLAG, True)
    try:
        yield
    finally:
        setattr(_run, _FLAG, flag)
        shuffler.setstate(before)


class Agenda:
    """Who has something to do in the run of trio that goes on here, and when."""

    def __init__(self) -> None:
        self._runner = _of_trio(_CONTEXT).runner

    def somebody_waits_for_idleness(self) -> bool:
        """Whether a task is in `trio.testing.wait_all_tasks_blocked`."""
        return bool(self._runner.waiting_for_idle)

    def next_deadline(self) -> float:
        """Until when no task has anything to do: always, if one has something now."""
        runner = self._runner
        return -math.inf if runner.runq else runner.deadlines.next_deadline()


def queue_of(task: trio.lowlevel.Task) -> deque[trio.lowlevel.Task]:
    """The tasks that run next in the run that `task` is part of."""
    queue: deque[trio.lowlevel.Task] = task._runner.runq
    return queue


def set_queue(task: trio.lowlevel.Task, queue: deque[trio.lowlevel.Task]) -> None:
    """Have trio put those there from now on."""
    task._runner.runq = queue


def _of_trio(name: str) -> Any:
    """What trio keeps under this name. Raises RuntimeError if it does so no more."""
    try:
        return getattr(_run, name)
    except AttributeError:
        raise RuntimeError(
            f"trio {trio.__version__} has no trio._core._run.{name} any more, which repeatable "
            "runs need: see what took its place, and change p2pnet/testing/scheduler.py"
        ) from None
