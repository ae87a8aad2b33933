"""A session of simulated peers: the protocol without trio, sockets or a clock.

Time is an integer that jumps from one thing to the next, so an hour of play takes seconds. Below is
the `engine`, which runs the cores; here is what their players do, and what can be done to them.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Final

from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.core.values import LinkId, PeerId, SessionId, peer_id

from .engine import Engine
from .journal import operations
from .notary import StolenName
from .sim_peer import SimPeer
from .sim_world import WOKEN_EARLY, SimWorld

SESSION: Final = SessionId("simulated-session"[:16])


class CoreWorld(Engine, SimWorld):
    """A session of simulated peers. `peers[0]` opens it, the others join one after another."""

    # --- what players do ---

    def host(self, name: str = "host") -> SimPeer:
        """The first peer, which opens the session."""
        peer = self.start(name)
        self.enter(peer, lambda: peer.core.host(peer.clock.at(self.now), SESSION))
        return peer

    def join(
        self,
        via: SimPeer,
        name: str = "client",
        key: bytes | None = None,
        can_host: bool = True,
        at: SimPeer | None = None,
    ) -> SimPeer:
        peer = self.start(name, key, can_host=can_host, at=at)
        self.enter_session(peer, via)
        return peer

    def enter_session(
        self,
        peer: SimPeer,
        via: SimPeer,
        session: SessionId = SESSION,
        expected: PeerId | None = None,
        others: tuple[SimPeer, ...] = (),
    ) -> None:
        """A process asks `via` for a seat, or whom it takes for the peer that is `expected`; then
        others, if nobody is there.
        """
        whom, more = expected or via.id, tuple((other.id, other.core.addresses) for other in others)
        self.enter(
            peer,
            lambda: peer.core.join(
                peer.clock.at(self.now), session, whom, via.core.addresses, more
            ),
        )

    def game(self, players: int) -> list[SimPeer]:
        """A running session of so many peers, the host first."""
        host = self.host("peer0")
        for number in range(1, players):
            client = self.join(host, f"peer{number}")
            self._let_in(client)
        self.run_for(1_000_000)  # let the mesh come up
        return self.peers

    def _let_in(self, client: SimPeer) -> None:
        is_in = self.run_while(lambda: client.core.state is not State.FOLLOWING)
        assert is_in, f"{client.name} got no seat in a game where nothing had happened yet"

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

    def write(self, peer: SimPeer, text: str) -> None:
        """Have a peer change something of its own, as far as there is a host."""

        def act() -> None:
            if peer.core.state is State.REIGNING:
                self.journals[peer.number].write(peer.id, text.encode())
            else:
                peer.core.write(peer.clock.at(self.now), text.encode())

        self.ask(peer, act)

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

    # --- what they do not ---

    def slip(self, source: SimPeer, target: SimPeer, data: bytes) -> None:
        for link in self.network.links_between(source.number, target.number)[-1:]:
            deliver = partial(self.arrive, source.number, data)
            self.network.transmit(link, deliver)

    def impostor(self, victim: SimPeer, target: SimPeer) -> SimPeer:
        liar = self.start("impostor", victim.key, StolenName(victim.key))
        liar.impostor = True
        self.enter_session(liar, target)
        return liar

    # --- faults ---

    def _let_go(self, peer: SimPeer, link: LinkId) -> None:
        self.network.close(link, self._ended)

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

    def set_clock_rate(self, peer: SimPeer, rate: int) -> None:
        """Its clock goes so many microseconds in 1000 of the world from now on."""
        if peer.clock.rate != rate and peer.alive:
            peer.clock.set_rate(self.now, rate)
            peer.wake_us = None
            self._plan_wake(peer)

    def wake_early(self, peer: SimPeer) -> None:
        """The shell wakes a core though nothing is due. Nothing may come of that."""
        if peer.slow_us or peer.busy_until_us > self.now:
            return  # by the time that it wakes something may be due
        at = peer.core.next_wake()
        if at is not None and at > peer.clock.at(self.now):
            self.befall(peer, WOKEN_EARLY)
            self.enter(peer, partial(self.wake_core, peer))

    # --- looking ---

    def far_peer(self, peer: SimPeer, link: LinkId) -> int | None:
        end = self.network.far_end(link)
        return None if end is None else end[0]

    # --- what the bytes mean that the protocol carries ---

    def command_text(self, payload: bytes) -> str:
        return payload.decode(errors="replace")

    def outcome_text(self, outcome: bytes) -> str:
        return outcome.decode()

    def update_lines(self, update: bytes) -> list[tuple[str, str, str]]:
        return operations(update)

    # --- the end ---

    def wind_up(self) -> None:
        """A core holds nothing but itself."""

    def close(self) -> None:
        """There is nothing to let go of."""


def sim_peer_id(number: int) -> PeerId:
    """The id of the peer with this number."""
    return peer_id(number.to_bytes(32, "big"))
