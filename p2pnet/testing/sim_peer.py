"""One simulated process, and who is told what happens to it."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable

import attrs

from p2pnet.core.choices import Choices
from p2pnet.core.credentials import Credentials
from p2pnet.core.effects import Effect, Settle
from p2pnet.core.errors import EndReason
from p2pnet.core.events import Event, SessionEnded
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import AckLevel
from p2pnet.core.values import PeerId

from .frames import HEARTBEAT
from .journal import Written


class Dials(enum.Enum):
    """What happens to those who dial a peer."""

    WELCOME = enum.auto()
    REFUSED = enum.auto()  # they are told no
    IGNORED = enum.auto()  # they are told nothing
    MUTE = enum.auto()  # they get a link, and nobody at its other end knows of it


@attrs.define
class Clock:
    """The clock of one machine. Time of the world goes in, time of the machine comes out."""

    rate: int = 1000  # microseconds of this clock in 1000 of the world
    _world_us: int = 0  # when the rate was changed last, by the world …
    _own_us: int = 0  # … and by this clock
    _ahead_us: int = 0  # by how much it was ahead of the world then

    def at(self, world_us: int) -> int:
        """What this clock shows."""
        if self.rate == 1000:
            return world_us + self._ahead_us
        return self._own_us + (world_us - self._world_us) * self.rate // 1000

    def world_at(self, own_us: int) -> int:
        """When this clock will show so much: then or just after, never before."""
        if self.rate == 1000:
            return own_us - self._ahead_us
        return self._world_us - (self._own_us - own_us) * 1000 // self.rate + 1

    def set_rate(self, world_us: int, rate: int) -> None:
        """Go faster or slower from now on. The clock never jumps."""
        self._world_us, self._own_us = world_us, self.at(world_us)
        self._ahead_us, self.rate = self._own_us - world_us, rate


@attrs.define(eq=False)
class SimPeer:
    """One process: its core, and what its application saw."""

    number: int
    name: str
    key: bytes
    core: PeerCore
    journal: Written
    alive: bool = True
    vanished: bool = False  # dead, and not even its machine answers
    paused: bool = False
    impostor: bool = False  # it goes by a key that it does not hold
    clock: Clock = attrs.field(factory=Clock)
    slow_us: int = 0  # how late its inputs come
    busy_until_us: int = 0  # no input is taken before
    dials: Dials = Dials.WELCOME
    torn: list[SimPeer] = attrs.field(factory=list)  # who loses what it says, as it is to die
    late_timers_us: int = 0  # how late its shell may wake the core
    inbox: deque[Callable[[], object]] = attrs.field(factory=deque)  # came in while it was paused
    events: list[tuple[int, Event]] = attrs.field(factory=list)
    settled: dict[int, Settle] = attrs.field(factory=dict)  # by ticket
    sent: dict[int, str] = attrs.field(factory=dict)  # text of each command, by ticket
    levels: dict[int, AckLevel] = attrs.field(factory=dict)  # its ack level, by ticket
    ticking: bool = False  # something waits for the next tick of its game clock
    wake_us: int | None = None  # when its core is woken next, by the clock of the world
    credentials: Credentials = attrs.field(kw_only=True)
    choices: Choices = attrs.field(factory=Choices, kw_only=True)  # of its game

    @property
    def id(self) -> PeerId:
        return self.core.me

    def saw(self, kind: type[Event]) -> list[Event]:
        """The events of one kind, in order."""
        return [event for _, event in self.events if isinstance(event, kind)]

    @property
    def left_us(self) -> int | None:
        """When it left by its own wish; None if it has not."""
        ends = [(now, event) for now, event in self.events if isinstance(event, SessionEnded)]
        return next((now for now, end in ends if end.reason is EndReason.LEFT), None)


class Observer:
    """Is told what happens in a world, as it happens. This one does nothing with it."""

    heartbeats: bool = True  # it wants to be told of heartbeats, too
    sends: frozenset[int] | None = None  # of what is sent, only frames of these kinds; None for all

    def took(self, now: int, peer: SimPeer, source: int, data: bytes) -> None:
        """A core has taken a frame from peer `source`, and its effects come next.

        Of heartbeats that change nothing it is told only with `heartbeats`.
        """

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        """A core asked for an effect. `targets` are those at the other ends of a `Send`."""

    def submitted(self, now: int, peer: SimPeer, ticket: int) -> None:
        """A player did something."""

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        """Something was done from outside, to one peer or to all."""

    def stepped(self, now: int, peer: SimPeer) -> None:
        """A core has taken an input that changed anything, and its effects were performed."""


@attrs.frozen
class Listening:
    """Who of the observers of a world wants to be told of what."""

    count: int = 0  # of all observers
    to_effects: list[Observer] = attrs.field(factory=list)  # but sends
    to_frames: list[Observer] = attrs.field(factory=list)
    to_plain_heartbeats: list[Observer] = attrs.field(factory=list)
    to_steps: list[Observer] = attrs.field(factory=list)
    _to_sends: dict[int, list[Observer]] = attrs.field(factory=dict)  # by the kind of the frame

    @classmethod
    def of(cls, observers: list[Observer]) -> Listening:
        """Whoever does not override a method does not want to be told."""
        return cls(
            len(observers),
            [o for o in observers if type(o).did is not Observer.did],
            [o for o in observers if type(o).took is not Observer.took],
            [o for o in observers if type(o).took is not Observer.took and o.heartbeats],
            [o for o in observers if type(o).stepped is not Observer.stepped],
        )

    def to_sends(self, kind: int) -> list[Observer]:
        """Those who want to be told when a frame of this kind is sent."""
        found = self._to_sends.get(kind)
        if found is None:
            found = self._to_sends[kind] = [o for o in self.to_effects if _wants(o, kind)]
        return found


def _wants(observer: Observer, kind: int) -> bool:
    if kind == HEARTBEAT and not observer.heartbeats:
        return False
    return observer.sends is None or kind in observer.sends
