"""A running session of real cores, into which a test can slip any frame."""

from __future__ import annotations

from typing import TypeVar

import attrs

from p2pnet.core.codec import decode, encode
from p2pnet.core.effects import Dial, Effect, Send
from p2pnet.core.events import PullStarted
from p2pnet.core.messages import Frame, Update
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.core.values import LinkId, SessionId
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import Observer, SimPeer

F = TypeVar("F", bound=Frame)

SESSION = SessionId("simulated-sessio")


@attrs.define(eq=False)
class Bench(Observer):
    """A session, with all that was said since the last `listen`."""

    world: CoreWorld
    dials: list[tuple[int, SimPeer]] = attrs.field(factory=list)
    said: list[tuple[SimPeer, tuple[SimPeer, ...], Frame]] = attrs.field(factory=list)

    @classmethod
    def of(cls, players: int, settings: Settings | None = None) -> Bench:
        """So many peers that play already; the first is the host."""
        bench = cls(CoreWorld(settings=settings))
        bench.world.game(players)
        bench.world.observers.append(bench)
        return bench

    @property
    def peers(self) -> list[SimPeer]:
        return self.world.peers

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send):
            self.said.append((peer, targets, decode(effect.data)))
        elif isinstance(effect, Dial):
            self.dials.append((now, peer))

    def dialled(self, by: SimPeer) -> list[int]:
        """When a peer dialled anybody."""
        return [at for at, peer in self.dials if peer is by]

    def listen(self) -> None:
        """Forget what was said until now."""
        self.said.clear()

    def heard(self, by: SimPeer, kind: type[F], to: SimPeer | None = None) -> list[F]:
        """Frames of one kind that a peer said."""
        return [
            frame
            for peer, targets, frame in self.said
            if peer is by and isinstance(frame, kind) and (to is None or to in targets)
        ]

    def link(self, at: SimPeer, to: SimPeer) -> LinkId:
        """What `at` calls the link that leads to the other."""
        return self.world.network.links_between(at.number, to.number)[-1]

    def slip(self, source: SimPeer, target: SimPeer, frame: Frame | bytes) -> None:
        """`target` gets this at once, as if `source` had sent it."""
        self.slip_on(target, self.link(target, source), frame)

    def slip_on(self, target: SimPeer, link: LinkId, frame: Frame | bytes) -> None:
        """The same, on one particular link."""
        data = frame if isinstance(frame, bytes) else encode(frame)
        core = target.core
        self.world.enter(target, lambda: core.frame_received(self.world.now, link, data))

    def stranger(self, target: SimPeer) -> tuple[SimPeer, LinkId]:
        """A process that has a link to `target` and has not said a word. Gives both."""
        other = self.world.start("stranger")
        _, there = self.world.network.connect(other.number, target.number)
        self.world.enter(target, lambda: target.core.link_opened(self.world.now, there, None))
        return other, there


def last_update(bench: Bench) -> Update:
    """The update in which the host has run a command of its own."""
    bench.listen()
    bench.world.submit(bench.peers[0], "x")
    bench.world.run_for(400_000)
    return bench.heard(bench.peers[0], Update)[-1]


def pulling(players: int = 4) -> tuple[Bench, SimPeer, SimPeer]:
    """The first successor lacks "x", which the others have, and pulls it from one of them.

    Gives the successor and whom it asks.
    """
    bench = Bench.of(players)
    host, first, ahead, *_ = bench.peers
    bench.world.cut(host, first)
    bench.world.submit(ahead, "x")
    bench.world.run_for(150_000)
    bench.world.crash(host, lost_for=[first])
    bench.world.heal()
    assert bench.world.run_while(lambda: first.core.state is not State.PULLING)
    source = first.saw(PullStarted)[0].source  # type: ignore[attr-defined]
    return bench, first, next(peer for peer in bench.peers if peer.id == source)


def picture(peer: SimPeer) -> object:
    """All that a frame may not change by itself."""
    core = peer.core
    return (
        core.state,
        core.role,
        core.epoch,
        core.position,
        core.digest,
        core.roster,
        core.settings,
        tuple(peer.journal.entries),
        tuple(peer.journal.away.items()),
    )


def texts(peer: SimPeer) -> list[str]:
    """What was done, as this peer has it."""
    return [text for _, text in peer.journal.entries]
