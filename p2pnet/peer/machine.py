"""The computer that a peer runs on, as far as the peer feels it: its clock and its dice.

There is one kind of it, but for simulations: those run many machines in one process, each with a
clock of its own, dice that fall the same way each time, and a lid that can be closed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import trio

from ..links.base import US_PER_S
from .alarm import Alarm


class Machine:
    """The one that this process runs on."""

    def entropy(self, count: int) -> bytes:
        """So many bytes that nobody can foresee."""
        return os.urandom(count)

    def now_us(self) -> int:
        """What the clock shows, in microseconds. It never goes back."""
        # Rounded, because the clock may stop for good at a deadline that is a hair too low.
        return round(trio.current_time() * US_PER_S)

    def deadline_s(self, at_us: int | None) -> float:
        """When the clock will show so much, as a deadline for trio; None is never."""
        return math.inf if at_us is None else at_us / US_PER_S

    def alarm(self, ring: Callable[[], None]) -> Alarm:
        """An alarm of this machine's. It goes off while `run` of it runs."""
        return Alarm(ring)

    async def tick(self, at_s: float) -> None:
        """Wait until the game clock ticks, at this time of trio's."""
        await trio.sleep_until(at_s)

    @property
    def is_awake(self) -> bool:
        """Whether it goes on, as a real one does whenever anybody can ask."""
        return True

    async def awake(self) -> None:
        """Wait while the machine stands still. No code of a real one runs at such a time."""
