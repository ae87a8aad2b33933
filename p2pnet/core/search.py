"""What claimant and grantor both know of the search for a new host."""

from __future__ import annotations

from typing import Final

import attrs

from .messages import Fenced
from .values import PeerId

_LONG: Final = 5
"""After so many red periods a reign is overdue."""


@attrs.define
class Search:
    """Who was lost, and how far we are with that."""

    lost: PeerId | None = None  # whom we lost
    lost_us: int = 0  # when
    number: int = 0  # of our own claim
    again_us: int = 0  # no further claim of our own before that
    chosen: PeerId | None = None  # who the game says shall be the host
    offer: Fenced | None = None  # the newest reign that the game has not decided about
    shown: set[PeerId] = attrs.field(factory=set)  # claimants that were shown that it lives
    too_few: bool = False  # the policy lets no reign begin, and the game knows

    def begin(self, lost: PeerId | None, now: int) -> None:
        """The role of the host is free."""
        self.lost, self.lost_us = lost, now
        self.again_us = 0
        self.shown.clear()

    def end(self) -> None:
        """There is a host."""
        self.lost = self.chosen = self.offer = None
        self.too_few = False

    def long_us(self, red_us: int) -> int:
        """When this search will have taken long."""
        return self.lost_us + _LONG * red_us
