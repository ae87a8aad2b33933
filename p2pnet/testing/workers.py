"""The processes of this machine that share the work of a campaign."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

B = TypeVar("B")
R = TypeVar("R")

_LOSSES_MAX: Final = 3
"""So often processes may be lost over one piece of work before it is given up."""


@contextmanager
def share_out(count: int) -> Iterator[Callable[[Callable[[B], R], Sequence[B]], Iterator[R]]]:
    """A `map` whose work is done here, or by so many other processes. Results come in order.

    What a process was at that is lost, say for want of memory, is done again by others.
    """
    yield map if count <= 1 else partial(_by_others, count)


def _by_others(count: int, do: Callable[[B], R], pieces: Sequence[B]) -> Iterator[R]:
    done = losses = 0
    while done < len(pieces):
        # Spawned and not forked, so that it is the same on all systems.
        pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"))
        waiting = [pool.submit(do, piece) for piece in pieces[done:]]
        try:
            for result in waiting:
                yield result.result()
                done, losses = done + 1, 0
        except BrokenProcessPool:
            losses += 1
            if losses >= _LOSSES_MAX:
                raise
        finally:
            _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """Nobody waits for what is still being done."""
    processes: dict[int, Any] = dict(pool._processes or {})
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes.values():
        process.kill()
    for process in processes.values():
        process.join()
