"""Virtual time: a heap of things to do, and a clock that jumps from one to the next.

Things for one instant are done in the order in which they were planned, so a run depends on nothing
but what was planned.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol


class Time(Protocol):
    """What a simulated network has to know of time. All times are microseconds."""

    @property
    def now(self) -> int:
        """The time."""

    def at(self, at_us: int, do: Callable[[], None]) -> None:
        """Have a thing done at a time that has not gone by."""


class Timeline:
    """What happens when, in microseconds. `now` is virtual time."""

    def __init__(self) -> None:
        self.now = 0
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, delay_us: int, do: Callable[[], None]) -> None:
        """Have a thing done after so many microseconds."""
        heappush(self._heap, (self.now + delay_us, next(self._order), do))

    def at(self, at_us: int, do: Callable[[], None]) -> None:
        """Have a thing done at a time that has not gone by."""
        heappush(self._heap, (at_us, next(self._order), do))

    def run_until(self, at_us: int) -> None:
        """Let everything happen that happens until then."""
        heap = self._heap
        while heap and heap[0][0] <= at_us:
            self.now, _, do = heappop(heap)
            do()
        self.now = at_us

    def run_for(self, us: int) -> None:
        self.run_until(self.now + us)

    def run_while(self, busy: Callable[[], bool], limit_us: int = 20_000_000) -> bool:
        """Go on as long as `busy()`; False if that is still so when the limit is reached."""
        end = self.now + limit_us
        while busy():
            if not self._heap or self._heap[0][0] > end:
                return False
            self.now, _, do = heappop(self._heap)
            do()
        return True
