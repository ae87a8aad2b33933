"""A simulated network: links with a delay, that can stall, break, or never come up.

It keeps the promises of TCP and no others. Bytes arrive in order; the end of a link arrives after
all bytes that were sent before it; a cut does not lose bytes but stalls them, and they come in one
burst when it heals. A process that dies in order ends its links; one that vanishes leaves them
open, and nobody ever hears from them again. A link that breaks loses what was under way.

Each pipe is a queue, and each message that is sent plans one landing. A landing takes the head of
the queue, whichever message it was planned for, so no delay and no cut can change the order.

A segment that is lost is sent again by the network stack. So a lossy link does not lose anything,
it stalls: for one retransmission timeout or one round trip, whichever is longer, and for as long
again each time that it is lost anew. The timeout does not double, because the segments that follow
are acknowledged meanwhile (RACK, RFC 8985), and a peer says something on every link all the time.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import attrs

from p2pnet.core.errors import LinkEnd
from p2pnet.core.values import LinkId

from .timeline import Time

Deliver = Callable[[int, LinkId], None]
"""Is called with the peer and its name for the link when a message lands."""

End = tuple[int, LinkId]
"""One end of a link: the peer, and its name for the link, which no other end has."""

_RETRANSMIT_US: Final = 200_000  # the least time after which a segment counts as lost


@attrs.define(eq=False)
class Pipe:
    """One direction of one link."""

    source: int
    target: int
    link_at_target: LinkId
    land: Callable[[], None] = attrs.field(init=False)
    sent_us: int = 0  # when the last byte of all that was sent is on the wire
    arrives_us: int = 0  # nothing that is sent later may arrive before this
    under_way: deque[Deliver] = attrs.field(factory=deque)
    orphan: bool = False  # nobody is left to send again what does not get through
    broken: bool = False  # nothing arrives any more


@attrs.define(eq=False)
class Knock:
    """A request for a link, or the answer to one, that is under way."""

    ways: tuple[tuple[int, int], ...]  # (from, to), one after the other
    arrived: Callable[[], None]


@attrs.define(eq=False)
class Network:
    """All links between numbered peers. Delays are drawn from one seeded generator."""

    rng: random.Random
    time: Time
    delay_us: tuple[int, int] = (20_000, 30_000)  # one way, drawn anew for each message
    cuts: dict[tuple[int, int], bool] = attrs.field(factory=dict)  # (from, to) that are stalled
    ways: dict[tuple[int, int], tuple[int, int]] = attrs.field(factory=dict)  # other delays
    lags: dict[tuple[int, int], int] = attrs.field(factory=dict)  # so much longer for a while
    lost_permille: int = 0  # segments that have to be sent again
    rates: dict[tuple[int, int], int] = attrs.field(factory=dict)  # bytes a second, if limited
    pipes: dict[LinkId, Pipe] = attrs.field(factory=dict)  # by the end that sends
    _stalled: dict[tuple[int, int], list[Pipe]] = attrs.field(factory=dict)  # one for each landing
    _knocks: list[Knock] = attrs.field(factory=list)
    _next_link: int = 1

    def delay(self, source: int, target: int) -> int:
        """How long a message takes from one peer to another, this time."""
        way = source, target
        low, high = self.ways.get(way, self.delay_us)
        delay = low + int(self.rng.random() * (high - low + 1)) + self.lags.get(way, 0)
        if self.lost_permille:
            again_us = max(_RETRANSMIT_US, self._round_trip(source, target))
            while self.rng.random() * 1000 < self.lost_permille:
                delay += again_us
        return delay

    def _round_trip(self, source: int, target: int) -> int:
        """How long a segment and its acknowledgement take as a rule."""
        ways = (source, target), (target, source)
        return sum(
            sum(self.ways.get(way, self.delay_us)) // 2 + self.lags.get(way, 0) for way in ways
        )

    # --- links ---

    def knock(self, *ways: tuple[int, int], arrived: Callable[[], None]) -> None:
        """Have `arrived` called when a request for a link has gone these ways (from, to)."""
        knock = Knock(ways, arrived)
        self._knocks.append(knock)
        self._plan_knock(knock)

    def _plan_knock(self, knock: Knock) -> None:
        takes_us = sum(self.delay(*way) for way in knock.ways)
        self.time.at(self.time.now + takes_us, partial(self._arrive, knock))

    def _arrive(self, knock: Knock) -> None:
        if knock in self._knocks:  # else it has caught up before
            self._knocks.remove(knock)
            knock.arrived()

    def connect(self, one: int, other: int) -> tuple[LinkId, LinkId]:
        """A link between two peers; the names that each of them has for it."""
        mine, theirs = LinkId(self._next_link), LinkId(self._next_link + 1)
        self._next_link += 2
        for pipe, end in ((Pipe(one, other, theirs), mine), (Pipe(other, one, mine), theirs)):
            pipe.land = partial(self._land, pipe)
            self.pipes[end] = pipe
        return mine, theirs

    def links_of(self, peer: int) -> list[LinkId]:
        """The open links of one peer."""
        return [link for link, pipe in self.pipes.items() if pipe.source == peer]

    def links_between(self, one: int, other: int) -> list[LinkId]:
        """The open links that lead from one peer to another, by the first one's names."""
        ways = ((link, (pipe.source, pipe.target)) for link, pipe in self.pipes.items())
        return [link for link, way in ways if way == (one, other)]

    def far_end(self, link: LinkId) -> End | None:
        """Who is at the other end, and its name for the link; None if the link is gone."""
        pipe = self.pipes.get(link)
        return None if pipe is None else (pipe.target, pipe.link_at_target)

    # --- bytes ---

    def transmit(self, link: LinkId, deliver: Deliver, size: int = 0) -> None:
        """Have `deliver` called when what is sent now, `size` bytes, arrives."""
        self.spread((link,), deliver, size)

    def spread(self, links: Iterable[LinkId], deliver: Deliver, size: int) -> None:
        """The same on several links."""
        for link in links:
            pipe = self.pipes.get(link)
            if pipe is None:
                continue
            pipe.under_way.append(deliver)
            if self.rates and (rate := self.rates.get((pipe.source, pipe.target))) is not None:
                pipe.sent_us = max(pipe.sent_us, self.time.now) + size * 1_000_000 // rate
            self._plan_landing(pipe)

    def _plan_landing(self, pipe: Pipe) -> None:
        at = self.time.now
        if self.rates:
            at = max(at, pipe.sent_us)
        if self.ways or self.lags or self.lost_permille:
            at += self.delay(pipe.source, pipe.target)
        else:
            low, high = self.delay_us
            at += low + int(self.rng.random() * (high - low + 1))  # as `delay` would
        if at < pipe.arrives_us:
            at = pipe.arrives_us
        pipe.arrives_us = at
        self.time.at(at, pipe.land)

    def _land(self, pipe: Pipe) -> None:
        under_way = pipe.under_way
        if pipe.broken or not under_way:  # nothing comes any more, or it has caught up before
            return
        if not self.cuts or (pipe.source, pipe.target) not in self.cuts:
            under_way.popleft()(pipe.target, pipe.link_at_target)
        elif pipe.orphan:
            pipe.broken = True
        else:
            self._stalled.setdefault((pipe.source, pipe.target), []).append(pipe)

    # --- ends ---

    def close(self, link: LinkId, ended: Callable[[int, LinkId, LinkEnd], None]) -> None:
        """One end closes: the other is told behind all bytes that were sent."""
        self.transmit(link, lambda peer, there: ended(peer, there, LinkEnd.CLOSED))
        self.forget(link)

    def break_link(self, link: LinkId) -> End | None:
        """What is under way on a link is lost, both ways, and so is all that will be sent.

        Returns the far end. Neither end is told: that is for the caller to do, or not to do.
        """
        far = self.far_end(link)
        for end in (link,) if far is None else (link, far[1]):
            if end in self.pipes:
                self.pipes[end].broken = True
        return far

    def vanish(self, peer: int) -> None:
        """The peer is gone without a word: what it had under way arrives, and nothing more."""
        for link in self.links_of(peer):
            pipe = self.pipes.pop(link)
            pipe.orphan = True
            if pipe in self._stalled.get((pipe.source, pipe.target), ()):
                pipe.broken = True

    def forget(self, link: LinkId) -> None:
        """This end of a link is known to be gone."""
        self.pipes.pop(link, None)

    # --- cuts ---

    def is_cut(self, source: int, target: int) -> bool:
        return self.cuts.get((source, target), False)

    def cut(self, source: int, target: int) -> None:
        """Nothing gets through in this direction until it heals."""
        self.cuts[source, target] = True

    def heal(self, source: int, target: int) -> None:
        """What was stalled comes in one burst, in order."""
        self.cuts.pop((source, target), None)
        for pipe in self._stalled.pop((source, target), ()):
            self._plan_landing(pipe)

    def catch_up(self) -> None:
        """Nothing lags or gets lost any more, and what is under way arrives as usual."""
        self.lags.clear()
        self.rates.clear()
        self.lost_permille = 0
        for pipe in self.pipes.values():
            pipe.arrives_us = self.time.now
            for _ in range(len(pipe.under_way)):
                self._plan_landing(pipe)
        for knock in self._knocks:
            self._plan_knock(knock)
