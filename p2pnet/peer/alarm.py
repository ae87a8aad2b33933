"""What wakes the pump when something is due: one task that sleeps, and is told when to get up.

A limit of time around each wait of the pump would do the same, and cost more than most of what the
pump does between two waits. Deadlines move to later times with nearly every frame that comes in. So
the alarm is not moved by that: it goes off once in vain, and is set anew for the time that counts.
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
        self._off_s = math.inf  # when it goes off, maybe in vain
        self._scope = trio.CancelScope()

    @property
    def is_set(self) -> bool:
        """Whether it will ring."""
        return self._at_s != math.inf

    def set(self, at_s: float) -> None:
        """Go off at this time of trio's, and at no other one that was set before."""
        self._at_s = at_s
        if at_s < self._off_s:
            self._off_s = at_s
            self._move(at_s)

    def _move(self, off_s: float) -> None:
        """Have `_go_off` called at this time, which is earlier than that of any call before."""
        self._scope.deadline = off_s

    def _go_off(self) -> None:
        """It is time to ring, or was until it was set for later."""
        if trio.current_time() >= self._at_s:
            self._at_s = math.inf
            self._ring()
        self._off_s = self._at_s

    async def run(self) -> None:
        """Sleep and ring, until cancelled."""
        while True:
            with trio.CancelScope(deadline=self._off_s) as self._scope:
                await trio.sleep_forever()
            self._go_off()
