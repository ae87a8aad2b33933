"""What wakes the pump when something is due: one task that sleeps, and is told when to get up.

A limit of time around each wait of the pump would do the same, and cost more than most of what the
pump does between two waits. Deadlines move to later times with nearly every frame that comes in. So
the alarm is not moved by that: it goes off once in vain, then sleeps until the time that counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import trio


class Alarm:
    """Calls `ring` when the time has come that was set last."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._at_s = math.inf
        self._scope = trio.CancelScope()

    def set(self, at_s: float) -> None:
        """Go off at this time of trio's, and at no other one that was set before."""
        self._at_s = at_s
        if at_s < self._scope.deadline:
            self._scope.deadline = at_s

    async def run(self) -> None:
        """Sleep and ring, until cancelled."""
        while True:
            with trio.CancelScope(deadline=self._at_s) as self._scope:
                await trio.sleep_forever()
            if trio.current_time() >= self._at_s:
                self._at_s = math.inf
                self._ring()
