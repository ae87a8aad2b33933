"""One link as a peer sees it: where it leads, what was said on it, and whether it is any good."""

from __future__ import annotations

from typing import Final

import attrs

from .detector import Detector
from .frame_parts import Channel
from .pieces import Assembly
from .values import Epoch, LinkId, PeerId

CALM_BEATS: Final = 2  # who hears its host beats once in so many heartbeats …
LOOK_BEATS: Final = 4  # … and on links at rest still less often, …
REST_BEATS: Final = 5  # … where it is missed a heartbeat later: what comes late is no silence
_RTT_SHARE: Final = 4  # a new round trip counts for one in this many
_DEAF: Final = 2  # red periods in which a request for a seat is answered by whoever hears it


@attrs.frozen
class Relayed:
    """The way of a link that goes through a neighbour."""

    far: PeerId
    via: PeerId
    channel: Channel


@attrs.define
class LinkState:
    """One open link."""

    id: LinkId
    dialled: PeerId | None  # whom we meant to reach; None if the other side dialled
    detector: Detector
    sent_us: int
    peer: PeerId | None = None  # known once it has proved who it is
    key: bytes = b""
    nonce: int = 0  # of the process there
    relay: Relayed | None = None  # how it goes, if it goes through a neighbour
    pieces: Assembly = attrs.field(factory=Assembly)  # of a long frame that is coming in
    rtt_us: int | None = None
    ping_us: int | None = None  # when the last unanswered ping went out
    ping_token: int = 0
    mute_us: int = 0  # an end that has not greeted by then never will
    beside: bool = False  # what is said to its peer goes over another link
    calm: bool = False  # the other end says that it follows a host that it hears, ours
    said_calm: bool = False  # and so do we
    told: tuple[Epoch, Epoch, int] | None = None  # the last word on a pair of reigns, and when
    asked: tuple[Epoch, int] | None = None  # under which reign we want a seat, and since when

    @property
    def rests(self) -> bool:
        """Whether both ends hear their host: then they need not hear each other often."""
        return self.calm and self.said_calm

    def hear(self, now: int, calm: bool) -> None:
        """The other end tells whether it hears its host."""
        self.calm = calm
        self._watch(now)

    def say(self, now: int, calm: bool) -> None:
        """We tell it whether we do."""
        self.said_calm = calm
        self._watch(now)

    def _watch(self, now: int) -> None:
        self.detector.watch(now, REST_BEATS if self.rests else CALM_BEATS if self.calm else 1)

    def is_to_tell(self, now: int, theirs: Epoch, ours: Epoch) -> bool:
        """Whether the other end has not been told just now which of the two reigns is void.

        Whoever is behind sends many frames before it can have read the first answer.
        """
        if self.told is not None:
            *reigns, again_us = self.told
            if reigns == [theirs, ours] and now < again_us:
                return False
        self.tell(now, theirs, ours)
        return True

    def tell(self, now: int, theirs: Epoch, ours: Epoch) -> None:
        """The other end is told now which of the two reigns is void."""
        self.told = theirs, ours, now + self.detector.settings.heartbeat_us // 2

    def ask(self, now: int, epoch: Epoch) -> None:
        """We ask for our seat here, under this reign, maybe not for the first time."""
        if self.asked is None or self.asked[0] != epoch:
            self.asked = epoch, now

    def unanswered_us(self, now: int) -> int:
        """For how long we have asked for our seat here."""
        return 0 if self.asked is None else now - self.asked[1]

    def is_deaf(self, now: int) -> bool:
        """Whether what we say does not seem to get there, though we hear the other end.

        A link may be dead one way, and nobody is told. A new one need not be.
        """
        return self.unanswered_us(now) >= _DEAF * self.detector.span_us and not self.pieces.parts

    def is_good(self, now: int) -> bool:
        """Whether this link is one of our own, and neither red nor deaf.

        A red link may come back to life, or be cut off for good with nobody to tell either end:
        a new one costs little, and is there at once when the network is.
        """
        if self.relay is not None or self.detector.is_red(now):
            return False
        return self.asked is None or not self.is_deaf(now)

    def is_to_measure(self, now: int) -> bool:
        """Whether the round trip is not known, and no ping is under way that will tell it.

        The pong to any ping but the last one says nothing, and may take many heartbeats.
        """
        waits = self.ping_us is not None and now < self.ping_us + self.detector.settings.red_us
        return self.rtt_us is None and not waits

    def ponged(self, now: int, token: int) -> bool:
        """A pong came; True if it answers the latest ping."""
        if self.ping_us is None or token != self.ping_token:
            return False
        # Silence that counts as death is no round trip: the peer there stood still. And one pong
        # that took long makes nobody wait long for everything that is asked from then on.
        sample = min(now - self.ping_us, self.detector.settings.red_us)
        old = sample if self.rtt_us is None else self.rtt_us
        sample = min(sample, 2 * old)
        self.rtt_us = ((_RTT_SHARE - 1) * old + sample) // _RTT_SHARE
        self.detector.measured(self.rtt_us)
        self.ping_us = None
        return True
