"""A session of three in which a test says what each of them says, takes and tells."""

from __future__ import annotations

import attrs

from p2pnet.core.codec import encode
from p2pnet.core.effects import Emit, Send
from p2pnet.core.messages import Claim, Frame, Grant, Reign, Rejoin
from p2pnet.core.values import Position
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import SimPeer
from p2pnet.testing.watch import Watch

from .watched import watched


@attrs.frozen
class Scene:
    """A watched session of three; the first is the host."""

    world: CoreWorld
    watch: Watch
    host: SimPeer
    one: SimPeer
    other: SimPeer

    @classmethod
    def set_up(cls, together: bool = False) -> Scene:
        world, watch = watched(3, together)
        return cls(world, watch, *world.peers)

    @property
    def reign(self) -> Reign:
        reign = self.host.core.reign
        assert reign is not None
        return reign

    @property
    def position(self) -> Position:
        position = self.host.core.position
        assert position is not None
        return position

    def says(self, peer: SimPeer, frame: Frame, *targets: SimPeer) -> None:
        self.watch.did(self.world.now, peer, Send((), encode(frame)), targets)

    def takes(self, peer: SimPeer, source: SimPeer, frame: Frame) -> None:
        self.watch.took(self.world.now, peer, source.number, encode(frame))

    def tells(self, peer: SimPeer, event: object) -> None:
        self.watch.did(self.world.now, peer, Emit(event), ())  # type: ignore[arg-type]

    def grant(self, number: int, position: Position | None = None) -> Grant:
        at = position or self.position
        old = self.other.core.connection_id
        rejoin = Rejoin(1, self.reign.epoch, old, at, False, (), b"")
        return Grant(number, at, rejoin)

    def claim(self, number: int, reign: Reign) -> Claim:
        return Claim(number, self.one.key, reign, self.position, b"")

    def oversleeps(self) -> None:
        """The host stands still for too long, and is not asked anything yet."""
        self.watch.befell(self.world.now, self.host, "stands still")
        self.watch.befell(self.world.now + 3_000_000, self.host, "goes on")
