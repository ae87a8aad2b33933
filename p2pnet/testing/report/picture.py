"""What there is to see of a run, as plain data. Times are microseconds of the run's own clock."""

from __future__ import annotations

import enum
from typing import Final, get_args

import attrs

from p2pnet.core.messages import AnyFrame, Carried, Carry, Frame


class Family(enum.StrEnum):
    """What a message is about."""

    SUCCESSION = "succession"  # who is to be host
    SEATS = "seats"  # who is in the session
    WORK = "work"  # commands, updates, and how far they got
    DETECTION = "detection"  # does the host live?
    GREETING = "greeting"  # the first and last words on a link
    NOISE = "noise"  # no frame of a core that plays by the rules
    HEARTBEATS = "heartbeats"


_BY_NAME: Final = {
    "Heartbeat": Family.HEARTBEATS,
    "Follow": Family.SEATS,
    **dict.fromkeys(("Hello", "Proof", "Bye"), Family.GREETING),
    **dict.fromkeys(("Ping", "Pong", "Ask", "Vouch"), Family.DETECTION),
}
_BY_TENS: Final = {1: Family.SEATS, 2: Family.WORK, 3: Family.SUCCESSION}
"""The tens of the tags of frames say what they are about."""


def _family(kind: type[Frame]) -> Family:
    tag = kind.__struct_config__.tag
    assert isinstance(tag, int)
    return _BY_NAME.get(kind.__name__) or _BY_TENS.get(tag // 10, Family.GREETING)


_FOUND: Final = {k.__name__: _family(k) for k in get_args(AnyFrame) if k not in (Carry, Carried)}

FAMILIES: Final[dict[str, Family]] = {
    "Noise": Family.NOISE,
    **dict(sorted(_FOUND.items(), key=lambda pair: list(Family).index(pair[1]))),
}
"""The family of each kind of frame. Relayed frames are of the family of what is in them."""


class Doing(enum.StrEnum):
    """What a peer is at, as far as a picture tells it apart."""

    HOST = "host"
    CLIENT = "client"
    OUT = "out"  # it has lost the host, and plays with nobody
    SEATING = "seating"  # it asks for a seat, or for its own back
    HELD = "held"  # a host that orders nothing for the moment


@attrs.frozen
class Lane:
    """One peer, with all the processes that it ran as."""

    name: str
    doubtful: bool = False  # somebody who only says that it is this peer


@attrs.frozen
class Reign:
    """One reign, for as long as its host ruled under it."""

    number: int
    lane: int
    from_us: int
    to_us: int


@attrs.frozen
class Band:
    """What a peer was at for a while. `epoch` is a number of a reign, 0 for none."""

    lane: int
    doing: Doing
    state: str
    epoch: int
    shade: int  # equal for equal epochs; two reigns of one number have two shades
    from_us: int
    to_us: int


class Spell(enum.StrEnum):
    """A trouble that lasts."""

    PAUSED = "paused"
    CUT = "cut"


@attrs.frozen
class Trouble:
    """A fault of a peer that lasted for a while."""

    lane: int
    spell: Spell
    from_us: int
    to_us: int
    text: str


@attrs.frozen
class Arrow:
    """One message. `taken_us` is None if it never got there."""

    source: int
    target: int
    kind: str
    family: Family
    text: str
    sent_us: int
    taken_us: int | None = None
    relayed: bool = False


class Sort(enum.StrEnum):
    """How a mark looks, and which of two that are close goes first: the earlier one."""

    VIOLATION = "violation"
    DEATH = "death"
    FAULT = "fault"
    CROWN = "crown"
    CLAIM = "claim"
    VETO = "veto"
    DISCARD = "discard"
    LOSS = "loss"
    ACT = "act"  # what an application wants: to join, to leave, to hand over
    MEND = "mend"  # a fault is over
    STEP = "step"  # any other step of the protocol
    WORK = "work"  # a command is given, a receipt comes


@attrs.frozen
class Mark:
    """Something that happened at one instant. `lane` is None for what concerns all."""

    lane: int | None
    sort: Sort
    word: str  # two or three at most
    text: str
    at_us: int
    times: int = 1


@attrs.frozen
class Phase:
    """A part of a migration."""

    name: str
    from_us: int
    to_us: int

    @property
    def ms(self) -> str:
        """How long it took."""
        return milliseconds(self.to_us - self.from_us)


@attrs.frozen
class Migration:
    """From the loss of a host until everybody who lost it is back under the next one.

    `cause` is how it came to it: what happened to the host, or that it handed over.
    """

    old: int | None
    new: int
    epoch: int
    cause: str
    from_us: int
    phases: tuple[Phase, ...]

    @property
    def to_us(self) -> int:
        """When the last one was back."""
        return self.phases[-1].to_us


@attrs.frozen
class Picture:
    """All there is to see of one run. Lanes are referred to by their index."""

    title: str
    setting: str  # in one line: players, seed, network
    outcome: str
    is_good: bool
    from_us: int
    to_us: int
    lanes: tuple[Lane, ...]
    reigns: tuple[Reign, ...]
    bands: tuple[Band, ...]
    troubles: tuple[Trouble, ...]
    arrows: tuple[Arrow, ...]
    marks: tuple[Mark, ...]
    migrations: tuple[Migration, ...]
    story: tuple[str, ...] = ()  # the transcript

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """The times in which nobody reigned, each from and to; until all have left."""
        found, free_from = [], self.from_us
        ended_us = max((band.to_us for band in self.bands), default=self.to_us)
        for reign in sorted(self.reigns, key=lambda reign: reign.from_us):
            if reign.from_us > free_from:
                found.append((free_from, reign.from_us))
            free_from = max(free_from, reign.to_us)
        if free_from < ended_us:
            found.append((free_from, ended_us))
        return tuple(found)

    @property
    def longest_gap_us(self) -> int:
        """The longest time in which nobody reigned."""
        return max((to_us - from_us for from_us, to_us in self.gaps), default=0)

    @property
    def longest_outage_us(self) -> int:
        """The longest time for which one peer played with nobody: it had lost its host."""
        longest, began, lane = 0, None, None
        for band in self.bands:  # by lane, then by time
            away = band.doing is Doing.OUT or (began is not None and band.doing is Doing.SEATING)
            if lane != band.lane or not away:
                began = band.from_us if band.doing is Doing.OUT else None
            elif began is None:
                began = band.from_us
            lane = band.lane
            if began is not None:
                longest = max(longest, band.to_us - began)
        return longest

    @property
    def seen_from_us(self) -> int:
        """A little before the beginning, so that what happens at once can be seen."""
        return self.from_us - (self.busy_to_us - self.from_us) // 50

    @property
    def busy_to_us(self) -> int:
        """When the last thing happened that is worth looking at; calm follows."""
        busy = (
            *(mark.at_us for mark in self.marks if mark.sort not in (Sort.STEP, Sort.WORK)),
            *(migration.to_us for migration in self.migrations),
            *(trouble.to_us for trouble in self.troubles),
            self.from_us,
        )
        end = min(max(busy) + 1_000_000, self.to_us)
        return end + (end - self.from_us) // 14  # room for words about the last thing


def milliseconds(us: int) -> str:
    """A duration for eyes: three figures at least."""
    if us >= 10_000_000:
        return f"{us / 1_000_000:.1f} s"
    return f"{us / 1000:.0f} ms" if us >= 100_000 else f"{us / 1000:.1f} ms".replace(".0 ", " ")
