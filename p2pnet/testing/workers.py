"""The processes of this machine that share the work of a campaign."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

B = TypeVar("B")
R = TypeVar("R")


@contextmanager
def share_out(count: int) -> Iterator[Callable[[Callable[[B], R], Sequence[B]], Iterator[R]]]:
    """A `map` whose work is done here, or by so many other processes. Results come in order."""
    if count <= 1:
        yield map
        return
    # Spawned and not forked, so that it is the same on all systems.
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        yield pool.imap
