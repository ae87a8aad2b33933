"""The session of one drill: what can be done there, and what has to be so afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from random import Random
from typing import Any, Final

import attrs

from p2pnet.core.codec import encode
from p2pnet.core.effects import Effect, Emit
from p2pnet.core.events import Event
from p2pnet.core.messages import Fenced, Frame, Welcome
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import AckLevel, Settings
from p2pnet.core.states import SETTLED

from .catalogue import InvariantBroken
from .core_world import CoreWorld
from .scenario import Scenario
from .sim_peer import Observer, SimPeer
from .sim_world import SimWorld
from .streams import stream
from .watch import Watch

NOTICED_US: Final = 3_000_000  # by then a cut was noticed, and whoever may has a new host
SOON_US: Final = 1_500_000
STEP_US: Final = 60_000  # an update has come to everybody
UNDER_WAY_US: Final = 15_000  # a command is on its way, and nobody has run it
HOSTLESS_US: Final = 35_000  # after so long a crash is known, and nobody reigns so far
_APART_US: Final = 20_000_000
_ASKING_US: Final = 14_000  # a request for a seat is under way, and its answer is not


@attrs.define(eq=False)
class Cue(Observer):
    """Has something done as soon as an event of a kind is told to anybody."""

    heartbeats, sends = False, frozenset[int]()

    world: SimWorld
    kind: type[Event]
    do: Callable[[SimPeer, Any], None]
    times: int

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if self.times and isinstance(effect, Emit) and isinstance(effect.event, self.kind):
            self.times, event = self.times - 1, effect.event
            self.world.after(0, lambda: self.do(peer, event))  # once that core has done all it does


@attrs.define(eq=False)
class Ground:
    """The session of one drill."""

    world: SimWorld
    watch: Watch
    scenario: Scenario
    rng: Random = attrs.field(init=False)
    _healed: int = 0  # so many times

    def __attrs_post_init__(self) -> None:
        self.rng = stream(self.scenario.seed, "what happens in a drill")

    @property
    def settings(self) -> Settings:
        return self.scenario.settings

    @property
    def peers(self) -> list[SimPeer]:
        return self.world.peers

    def say(self, peer: SimPeer, what: str, ack: AckLevel = AckLevel.ONE) -> str:
        """A player does something, of which nothing else has the name."""
        text = f"{what} of {peer.name}"
        self.world.submit(peer, text, ack)
        return text

    @property
    def core_world(self) -> CoreWorld:
        """Mere cores hold drills, and no others: their applications are played here."""
        assert isinstance(self.world, CoreWorld)
        return self.world

    def want(self, peer: SimPeer, act: Callable[[PeerCore, int], object]) -> None:
        """The application of a peer wants something of its core, to which it tells the time."""
        self.core_world.enter(peer, lambda: act(peer.core, peer.clock.at(self.world.now)))

    def on(self, kind: type[Event], do: Callable[[SimPeer, Any], None], times: int = 1) -> None:
        """Have something done when the next event of this kind is told, to whomever."""
        self.world.observers.append(Cue(self.world, kind, do, times))

    def part(self, one: Sequence[SimPeer], other: Sequence[SimPeer]) -> None:
        """Nothing gets through between two sides."""
        for here in one:
            for there in other:
                self.world.cut_both(here, there)

    def scatter(self) -> None:
        """Nothing gets through between any two."""
        for one, other in combinations(self.peers, 2):
            self.world.cut_both(one, other)

    def tell(self, speaker: SimPeer, client: SimPeer, frame: Frame) -> bytes:
        """Put a frame on the link to a client, as if somebody had said it. Returns what is said.

        A welcome says nothing to who does not wait for one: the host has it ask for its seat first.
        """
        if isinstance(frame, Welcome):
            core = self.only_host().core
            assert core.reign is not None
            self.world.slip(self.only_host(), client, encode(Fenced(core.reign, core.addresses)))
            self.world.run_for(_ASKING_US)
        data = encode(frame)
        self.world.slip(speaker, client, data)
        return data

    def bereave(self, peer: SimPeer) -> None:
        """All others die in silence."""
        for other in self.world.members:
            if other is not peer:
                self.world.crash(other, silent=True)

    def heal(self) -> None:
        """Nothing is cut any more, and all come together, while everybody is at work."""
        self.world.heal()
        self._healed += 1
        for number in range(12):
            self.world.run_for(15_000)
            self.tick()
            peer = self.peers[number % len(self.peers)]
            if peer.core.role is not None and peer.core.roster.get(peer.id) is not None:
                self.say(peer, f"number {number} meanwhile, time {self._healed}")
        if not self.world.run_while(lambda: not self.world.converged(), _APART_US):
            raise InvariantBroken("L1", "not together after a drill")
        self.world.run_for(SOON_US)

    def tick(self) -> None:
        """The game clock of each host ticks, which by itself it does where something waits."""
        for host in self.world.hosts:
            self.want(host, lambda core, now: core.tick(now))

    def only_host(self) -> SimPeer:
        """L1: whoever is the host. There has to be one, and no more."""
        if len(self.world.hosts) != 1:
            raise InvariantBroken("L1", f"{len(self.world.hosts)} hosts after the loss of one")
        return self.world.hosts[0]

    def settled(self, peer: SimPeer) -> None:
        """L4: all that this player did has its receipt."""
        waits = [text for ticket, text in peer.sent.items() if ticket not in peer.settled]
        if waits:
            raise InvariantBroken("L4", f"{peer.name} waits for {waits[0][:40]}")

    def seated(self, peers: Sequence[SimPeer]) -> None:
        """L3: these have their seats, also after those of the absent are given up."""
        self.world.run_for(self.settings.seat_us)
        for peer in peers:
            if peer.core.state not in SETTLED:
                raise InvariantBroken("L3", f"{peer.name} was there, and lost its seat")

    def same_reign(self, reigns: int, why: str) -> None:
        """L5: nobody has begun a reign since there were so many."""
        if self.watch.reigns != reigns:
            raise InvariantBroken("L5", f"a new reign, and {why}")


def holds(peer: SimPeer, text: str) -> bool:
    """Whether what a player did is in the history of this peer."""
    return any(what == text for _, what in peer.journal.entries)
