"""One simulated process, and those who watch it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import attrs

from p2pnet.core.effects import Effect, Settle
from p2pnet.core.events import Event
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import AckLevel
from p2pnet.core.values import PeerId

from .journal import Journal


@attrs.define(eq=False)
class SimPeer:
    """One process: its core, and what its application saw."""

    number: int
    name: str
    key: bytes
    core: PeerCore
    journal: Journal
    alive: bool = True
    vanished: bool = False  # dead, and not even its machine answers
    paused: bool = False
    inbox: deque[Callable[[], None]] = attrs.field(factory=deque)  # came in while it was paused
    events: list[tuple[int, Event]] = attrs.field(factory=list)
    settled: dict[int, Settle] = attrs.field(factory=dict)  # by ticket
    sent: dict[int, str] = attrs.field(factory=dict)  # text of each command, by ticket
    levels: dict[int, AckLevel] = attrs.field(factory=dict)  # its ack level, by ticket
    wake_us: int | None = None

    @property
    def id(self) -> PeerId:
        return self.core.me

    def saw(self, kind: type[Event]) -> list[Event]:
        """The events of one kind, in order."""
        return [event for _, event in self.events if isinstance(event, kind)]


class Observer:
    """Is told what happens in a world, as it happens. This one does nothing with it."""

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        """A core asked for an effect. `targets` are those at the other ends of a `Send`."""

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        """Something was done from outside, to one peer or to all."""

    def stepped(self, now: int, peer: SimPeer) -> None:
        """A core has taken an input, and all its effects were performed."""
