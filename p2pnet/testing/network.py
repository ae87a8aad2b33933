"""A simulated network: links with a delay, that can stall, break, or never come up.

It keeps the promises of TCP and no others. Bytes arrive in order; the end of a link arrives after
all bytes that were sent before it; a cut does not lose bytes but stalls them, and they come in one
burst when it heals. A process that dies in order ends its links; one that vanishes leaves them
open, and nobody ever hears from them again.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

import attrs

from p2pnet.core.errors import LinkEnd
from p2pnet.core.values import LinkId

Schedule = Callable[[int, Callable[[], None]], None]
"""Have a thing done after so many microseconds."""


@attrs.define(eq=False)
class Pipe:
    """One direction of one link."""

    source: int
    target: int
    link_at_target: LinkId
    arrives_us: int = 0  # nothing that is sent later may arrive before this
    stalled: deque[Callable[[], None]] = attrs.field(factory=deque)
    broken: bool = False


@attrs.define(eq=False)
class Network:
    """All links between numbered peers. Delays are drawn from one seeded generator."""

    rng: random.Random
    now: Callable[[], int]
    schedule: Schedule
    delay_us: tuple[int, int] = (20_000, 30_000)  # one way, drawn anew for each message
    cuts: dict[tuple[int, int], bool] = attrs.field(factory=dict)  # (from, to) that are stalled
    pipes: dict[tuple[int, LinkId], Pipe] = attrs.field(factory=dict)  # by sender and its link
    _next_link: int = 1

    def delay(self) -> int:
        return self.rng.randint(*self.delay_us)

    def connect(self, one: int, other: int) -> tuple[LinkId, LinkId]:
        """A link between two peers; the names that each of them has for it."""
        mine, theirs = LinkId(self._next_link), LinkId(self._next_link + 1)
        self._next_link += 2
        self.pipes[one, mine] = Pipe(one, other, theirs)
        self.pipes[other, theirs] = Pipe(other, one, mine)
        return mine, theirs

    def transmit(self, sender: int, link: LinkId, deliver: Callable[[int, LinkId], None]) -> None:
        """Have `deliver(target, link there)` called when what is sent now arrives."""
        pipe = self.pipes.get((sender, link))
        if pipe is None or pipe.broken:
            return

        def arrive() -> None:
            if not pipe.broken:
                deliver(pipe.target, pipe.link_at_target)

        if self.is_cut(pipe.source, pipe.target):
            pipe.stalled.append(arrive)
            return
        self._send(pipe, arrive)

    def _send(self, pipe: Pipe, arrive: Callable[[], None]) -> None:
        pipe.arrives_us = max(pipe.arrives_us, self.now() + self.delay())

        def land() -> None:
            # A cut stalls what is on its way as well.
            if self.is_cut(pipe.source, pipe.target):
                pipe.stalled.append(arrive)
            else:
                arrive()

        self.schedule(pipe.arrives_us - self.now(), land)

    def close(
        self, sender: int, link: LinkId, ended: Callable[[int, LinkId, LinkEnd], None]
    ) -> None:
        """One end closes: the other is told behind all bytes that were sent."""
        self.transmit(sender, link, lambda peer, there: ended(peer, there, LinkEnd.CLOSED))
        self.pipes.pop((sender, link), None)

    def vanish(self, peer: int) -> None:
        """The peer is gone without a word: what it had under way arrives, and nothing more."""
        for key in [key for key in self.pipes if key[0] == peer]:
            del self.pipes[key]

    def links_of(self, peer: int) -> list[LinkId]:
        """The open links of one peer."""
        return [link for owner, link in self.pipes if owner == peer]

    def is_cut(self, source: int, target: int) -> bool:
        return self.cuts.get((source, target), False)

    def cut(self, source: int, target: int) -> None:
        """Nothing gets through in this direction until it heals."""
        self.cuts[source, target] = True

    def heal(self, source: int, target: int) -> None:
        """What was stalled comes in one burst, in order."""
        self.cuts.pop((source, target), None)
        for pipe in list(self.pipes.values()):
            if (pipe.source, pipe.target) == (source, target):
                stalled, pipe.stalled = pipe.stalled, deque()
                for arrive in stalled:
                    self._send(pipe, arrive)
