"""A session of simulated peers: the protocol without trio, sockets or a clock.

Time is an integer that jumps from one thing to the next, so an hour of play takes seconds. Below is
the `engine`, which runs the cores; here is what their players do, and what can be done to them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Final

from p2pnet.core.errors import LinkEnd
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.core.values import PeerId, SessionId, peer_id

from .engine import Engine
from .sim_peer import Dials, SimPeer

_SESSION: Final = SessionId("simulated-session"[:16])
WOKEN_EARLY: Final = "is woken early"


class CoreWorld(Engine):
    """A session of simulated peers. `peers[0]` opens it, the others join one after another."""

    # --- what players do ---

    def host(self, name: str = "host") -> SimPeer:
        """The first peer, which opens the session."""
        peer = self.start(name)
        self.enter(peer, lambda: peer.core.host(peer.clock.at(self.now), _SESSION))
        return peer

    def join(self, via: SimPeer, name: str = "client", key: bytes | None = None) -> SimPeer:
        """Another peer, which has an invite from `via`."""
        peer = self.start(name, key)
        self.enter_session(peer, via)
        return peer

    def enter_session(self, peer: SimPeer, via: SimPeer) -> None:
        """A process asks `via` for a seat."""
        addresses = (str(via.number),)
        self.enter(
            peer, lambda: peer.core.join(peer.clock.at(self.now), _SESSION, via.id, addresses)
        )

    def game(self, players: int) -> list[SimPeer]:
        """A running session of so many peers, the host first."""
        host = self.host("peer0")
        for number in range(1, players):
            client = self.join(host, f"peer{number}")
            assert self.run_while(lambda c=client: c.core.state is not State.FOLLOWING)  # type: ignore[misc]
        self.run_for(1_000_000)  # let the mesh come up
        return self.peers

    def submit(self, peer: SimPeer, text: str, ack: AckLevel | None = None) -> int:
        """Have a peer's player do something."""
        ticket = 0

        def act() -> None:
            nonlocal ticket
            ticket = peer.core.submit(peer.clock.at(self.now), text.encode(), ack)
            peer.sent[ticket] = text
            peer.levels[ticket] = ack or peer.core.settings.ack
            for observer in self.observers:
                observer.submitted(self.now, peer, ticket)

        self.ask(peer, act)
        return ticket

    def leave(self, peer: SimPeer) -> None:
        """Its application leaves the session."""
        self.befall(peer, "leaves")
        self.ask(peer, lambda: peer.core.leave(peer.clock.at(self.now), "enough"))

    def end_session(self, host: SimPeer) -> None:
        """The host ends the session for all."""
        self.befall(host, "ends the session")
        self.enter(host, lambda: host.core.end_session(host.clock.at(self.now), "the end"))

    def kick(self, host: SimPeer, peer: SimPeer) -> None:
        """The host removes a member for good."""
        self.befall(host, f"kicks {peer.name}")
        self.ask(host, lambda: host.core.kick(host.clock.at(self.now), peer.id, "out"))

    def hand_over(self, host: SimPeer, to: SimPeer) -> None:
        """The host makes another peer the host."""
        self.befall(host, f"hands over to {to.name}")
        self.ask(host, lambda: host.core.hand_over(host.clock.at(self.now), to.id))

    # --- faults ---

    def crash(self, peer: SimPeer, silent: bool = False, lost_for: Sequence[SimPeer] = ()) -> None:
        """The process dies. Unless `silent`, the others see their links to it end.

        What it had under way arrives, but nothing of it gets to those in `lost_for`.
        """
        self.befall(peer, "vanishes" if silent else "crashes")
        peer.alive, peer.vanished = False, silent
        for other in lost_for:
            for link in self.network.links_between(peer.number, other.number):
                far = self.network.break_link(peer.number, link)
                if not silent and far is not None:
                    delay_us = self.network.delay(peer.number, other.number)
                    self.after(delay_us, partial(self._ended, *far, LinkEnd.BROKEN))
        if not silent:
            for link in self.network.links_of(peer.number):
                self.network.close(peer.number, link, self._ended)
        self.network.vanish(peer.number)

    def pause(self, peer: SimPeer) -> None:
        """The process stands still; its links stay open."""
        self.befall(peer, "stands still")
        peer.paused = True

    def resume(self, peer: SimPeer) -> None:
        """It goes on, and finds everything that came in meanwhile."""
        if not peer.paused or not peer.alive:
            return
        self.befall(peer, "goes on")
        peer.paused = False
        inbox, peer.inbox = peer.inbox, deque()
        if peer.wake_us is not None and peer.wake_us <= self.now:
            peer.wake_us = None
            self.enter(peer, partial(self.wake_core, peer))
        for act in inbox:
            self.enter(peer, act)

    def reset_links(self, one: SimPeer, other: SimPeer) -> None:
        """All links between two peers break; what is under way is lost, and both notice."""
        self.befall(one, f"has its links to {other.name} reset")
        for link in self.network.links_between(one.number, other.number):
            far = self.network.break_link(one.number, link)
            self._ended(one.number, link, LinkEnd.BROKEN)
            if far is not None:
                self._ended(*far, LinkEnd.BROKEN)

    def half_close(self, one: SimPeer, other: SimPeer) -> None:
        """All links between two peers break, and only `one` notices."""
        self.befall(one, f"has its links to {other.name} reset, unnoticed there")
        for link in self.network.links_between(one.number, other.number):
            self.network.break_link(one.number, link)
            self._ended(one.number, link, LinkEnd.BROKEN)

    def cut(self, source: SimPeer, target: SimPeer) -> None:
        """What `source` sends does not get to `target` until the cut heals."""
        self.befall(source, f"does not get through to {target.name}")
        self.network.cut(source.number, target.number)

    def cut_both(self, one: SimPeer, other: SimPeer) -> None:
        """Nothing gets through between two peers."""
        self.cut(one, other)
        self.cut(other, one)

    def isolate(self, peer: SimPeer) -> None:
        """Nothing gets to it or from it."""
        self.befall(peer, "is cut off from all")
        for other in self.peers:
            if other is not peer:
                self.network.cut(peer.number, other.number)
                self.network.cut(other.number, peer.number)

    def heal(self) -> None:
        """Every cut is mended, and every other trouble of the network is over."""
        self.befall(None, "every cut is mended")
        for source, target in list(self.network.cuts):
            self.network.heal(source, target)
        self.network.catch_up()
        for peer in self.peers:
            peer.dials = Dials.WELCOME

    def heal_peers(self) -> None:
        """Every process is as it should be: awake, in time, and with a clock that is right."""
        for peer in self.peers:
            peer.slow_us = peer.late_timers_us = 0
            self.set_clock_rate(peer, 1000)
            self.resume(peer)

    def set_clock_rate(self, peer: SimPeer, rate: int) -> None:
        """Its clock goes so many microseconds in 1000 of the world from now on."""
        if peer.clock.rate != rate and peer.alive:
            peer.clock.set_rate(self.now, rate)
            peer.wake_us = None
            self._plan_wake(peer)

    def wake_early(self, peer: SimPeer) -> None:
        """The shell wakes a core though nothing is due. Nothing may come of that."""
        at = peer.core.next_wake()
        if at is not None and at > peer.clock.at(self.now):
            self.befall(peer, WOKEN_EARLY)
            self.enter(peer, partial(self.wake_core, peer))

    # --- looking ---

    @property
    def hosts(self) -> list[SimPeer]:
        """Those that are alive and in the host role."""
        return [p for p in self.peers if p.alive and p.core.state is State.REIGNING]

    @property
    def members(self) -> list[SimPeer]:
        """Those that are alive and in the session."""
        return [
            p for p in self.peers if p.alive and p.core.state is not State.LEFT and not p.impostor
        ]

    def converged(self, newcomers: bool = True) -> bool:
        """One host, and everybody who is alive and in the session is at its position.

        Without `newcomers` those do not count that have no seat yet.
        """
        living = self.members
        if not newcomers:
            living = [p for p in living if p.core.roster.get(p.id) is not None]
            if not living:
                return True  # there is no session any more
        if len(self.hosts) != 1 or any(p.paused for p in living):
            return False
        host = self.hosts[0]
        return all(
            p is host or (p.core.state is State.FOLLOWING and p.core.position == host.core.position)
            for p in living
        )


def sim_peer_id(number: int) -> PeerId:
    """The id of the peer with this number."""
    return peer_id(number.to_bytes(32, "big"))
