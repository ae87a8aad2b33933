"""Troubles that last: who stands still, and who is cut off from whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import attrs

from .picture import Lane, Spell, Trouble

Way = tuple[int, int]
"""From a lane to another."""


@attrs.define
class Troubles:
    """Those that begin and end with a word."""

    _open: dict[tuple[int, Spell], int] = attrs.field(factory=dict)
    _over: list[Trouble] = attrs.field(factory=list)

    def begin(self, lane: int, spell: Spell, now: int) -> None:
        """From now on."""
        self._open.setdefault((lane, spell), now)

    def end(self, lane: int, spell: Spell, now: int) -> None:
        """Until now, if it is so at all."""
        began = self._open.pop((lane, spell), None)
        if began is not None:
            self._over.append(_paused(lane, spell, began, now))

    def all(self, now: int) -> list[Trouble]:
        """Those that are over, and those that still last."""
        still = [_paused(lane, spell, at, now) for (lane, spell), at in self._open.items()]
        return self._over + still


def _paused(lane: int, spell: Spell, from_us: int, to_us: int) -> Trouble:
    return Trouble(lane, spell, from_us, to_us, "stands still")


@attrs.define
class Cuts:
    """Which ways were cut when. Is told which are, from time to time."""

    _now: dict[Way, int] = attrs.field(factory=dict)  # since when
    _over: list[tuple[Way, int, int]] = attrs.field(factory=list)

    def look(self, now: int, ways: set[Way], since_us: int) -> None:
        """These are cut, and no others; those that are new since a while ago."""
        if self._now.keys() == ways:
            return
        for way in self._now.keys() - ways:
            self._over.append((way, self._now.pop(way), now))
        for way in ways - self._now.keys():
            self._now[way] = since_us

    def ways(self, now: int) -> list[tuple[Way, int, int]]:
        """Each way that was cut, from and to."""
        return sorted(self._over + [(way, began, now) for way, began in self._now.items()])

    def troubles(self, now: int, lanes: Sequence[Lane]) -> Iterator[Trouble]:
        """For each lane the times in which it was cut off from the same others."""
        ways = self.ways(now)
        for lane in range(len(lanes)):
            own = [(way, a, b) for way, a, b in ways if lane in way]
            instants = sorted({at for _, a, b in own for at in (a, b)})
            for from_us, to_us in pairwise(instants):
                cut = [way for way, a, b in own if a <= from_us and b >= to_us]
                if cut:
                    text = _tell(lane, cut, lanes)
                    yield Trouble(lane, Spell.CUT, from_us, to_us, text)


def _tell(lane: int, cut: list[Way], lanes: Sequence[Lane]) -> str:
    deaf = {source for source, target in cut if target == lane}
    mute = {target for source, target in cut if source == lane}
    parts = (
        ("cut off from", deaf & mute),
        ("does not hear", deaf - mute),
        ("is not heard by", mute - deaf),
    )
    told = (
        f"{words} {', '.join(lanes[other].name for other in sorted(others))}"
        for words, others in parts
        if others
    )
    return "; ".join(told)
