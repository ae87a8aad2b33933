"""Attempts to reach one peer: how many are under way, and how long to wait for the next.

A dial to a machine that is dead takes long, and meanwhile somebody may tell where the peer is now.
So two can be under way at one time, to different addresses, and no more: nobody makes us dial all
the world by telling us of address after address.
"""

from __future__ import annotations

from typing import Final

import attrs

from .settings import Settings

_UNDER_WAY_MAX: Final = 2  # where it was, and where it is said to be now
_FAILURES_MAX: Final = 16  # that are counted: the wait has long been the longest


@attrs.define
class Dialling:
    """Attempts to reach one peer."""

    under_way: int = 0  # dials, each to other addresses
    addresses: tuple[str, ...] = ()  # of all these
    began_us: int = 0  # the latest of them
    failures: int = 0
    next_us: int = 0

    def waits(self, now: int) -> bool:
        """Whether a dial is under way, or it is not time for another one so far."""
        return self.under_way > 0 or now < self.next_us

    def begin(self, now: int, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """A dial is wanted. Returns where: not where one is under way, nowhere if there are enough.

        A dial that we know only by the link that came of it was to nobody knows where.
        """
        if self.under_way == _UNDER_WAY_MAX or (self.under_way and not self.addresses):
            return ()
        if fresh := tuple(each for each in addresses if each not in self.addresses):
            self.under_way, self.addresses = self.under_way + 1, self.addresses + fresh
            self.began_us = now
        return fresh

    def led_to_a_link(self, now: int) -> int:
        """It is under way until that link has greeted. Returns when the dial began."""
        if not self.under_way:
            self.under_way, self.began_us = 1, now
        return self.began_us

    def failed(self, now: int, settings: Settings) -> None:
        """A dial led nowhere. After the last one wait twice as long as last time."""
        self.under_way = max(0, self.under_way - 1)
        if self.under_way:
            return
        wait_us = min(settings.redial_us_min << self.failures, settings.redial_us_max)
        self.addresses, self.next_us = (), now + wait_us
        self.failures = min(self.failures + 1, _FAILURES_MAX)
