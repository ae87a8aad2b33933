"""Many cores on one heap: the protocol without trio, sockets or a clock.

Time is an integer that jumps from one thing to the next, so an hour of play takes seconds. The
cores are the real ones; only what is around them is simulated.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from p2pnet.core.effects import CloseLink, Dial, Effect, Emit, Send, Settle
from p2pnet.core.errors import LinkEnd
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import AckLevel, Settings
from p2pnet.core.states import State
from p2pnet.core.values import LinkId, PeerId, SessionId, peer_id

from .journal import Journal
from .network import Network
from .notary import NotaryCredentials
from .sim_peer import Observer, SimPeer

_SESSION: Final = SessionId("simulated-session"[:16])
_FINGERPRINT: Final = "journal"
_ASK_AGAIN_US: Final = 200_000  # between two attempts of one dial


class CoreWorld:
    """A session of simulated peers. `peers[0]` opens it, the others join one after another."""

    def __init__(
        self,
        *,
        seed: int = 0,
        settings: Settings | None = None,
        delay_us: tuple[int, int] = (20_000, 30_000),
        tick_us: int = 50_000,
    ) -> None:
        self.now = 0
        self.observers: list[Observer] = []
        self.settings = settings or Settings()
        self.tick_us = tick_us
        self.peers: list[SimPeer] = []
        self.network = Network(random.Random(seed), lambda: self.now, self.after, delay_us)
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._processes = itertools.count(1)

    # --- time ---

    def after(self, delay_us: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (self.now + delay_us, next(self._order), do))

    def run_until(self, at_us: int) -> None:
        """Let everything happen that happens until then."""
        while self._heap and self._heap[0][0] <= at_us:
            self.now, _, do = heapq.heappop(self._heap)
            do()
        self.now = at_us

    def run_for(self, us: int) -> None:
        self.run_until(self.now + us)

    def run_while(self, busy: Callable[[], bool], limit_us: int = 20_000_000) -> bool:
        """Go on as long as `busy()`; False if that is still so when the limit is reached."""
        end = self.now + limit_us
        while busy():
            if not self._heap or self._heap[0][0] > end:
                return False
            self.now, _, do = heapq.heappop(self._heap)
            do()
        return True

    # --- peers ---

    def start(self, name: str, key: bytes | None = None) -> SimPeer:
        """A new process; with the key of an earlier one it is that peer, restarted."""
        number = len(self.peers)
        key = key or number.to_bytes(32, "big")
        journal = Journal()
        core = PeerCore(
            credentials=NotaryCredentials(key),
            entropy=next(self._processes).to_bytes(32, "big"),
            name=name,
            addresses=(str(number),),
            settings=self.settings,
            fingerprint=_FINGERPRINT,
            replica=journal,
        )
        peer = SimPeer(number, name, key, core, journal)
        self.peers.append(peer)
        self._tick(peer)
        return peer

    def host(self, name: str = "host") -> SimPeer:
        """The first peer, which opens the session."""
        peer = self.start(name)
        self.enter(peer, lambda: peer.core.host(self.now, _SESSION))
        return peer

    def join(self, via: SimPeer, name: str = "client", key: bytes | None = None) -> SimPeer:
        """Another peer, which has an invite from `via`."""
        peer = self.start(name, key)
        addresses = (str(via.number),)
        self.enter(peer, lambda: peer.core.join(self.now, _SESSION, via.id, addresses))
        return peer

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
            ticket = peer.core.submit(self.now, text.encode(), ack)
            peer.sent[ticket] = text
            peer.levels[ticket] = ack or peer.core.settings.ack

        self.enter(peer, act)
        return ticket

    def leave(self, peer: SimPeer) -> None:
        """Its application leaves the session."""
        self._befall(peer, "leaves")
        self.enter(peer, lambda: peer.core.leave(self.now, "enough"))

    def end_session(self, host: SimPeer) -> None:
        """The host ends the session for all."""
        self._befall(host, "ends the session")
        self.enter(host, lambda: host.core.end_session(self.now, "the end"))

    def kick(self, host: SimPeer, peer: SimPeer) -> None:
        """The host removes a member for good."""
        self._befall(host, f"kicks {peer.name}")
        self.enter(host, lambda: host.core.kick(self.now, peer.id, "out"))

    def hand_over(self, host: SimPeer, to: SimPeer) -> None:
        """The host makes another peer the host."""
        self._befall(host, f"hands over to {to.name}")
        self.enter(host, lambda: host.core.hand_over(self.now, to.id))

    def enter(self, peer: SimPeer, act: Callable[[], None]) -> None:
        """Call the core of a peer, then do what it wants done."""
        if not peer.alive:
            return
        if peer.paused:
            peer.inbox.append(act)
            return
        act()
        peer.core.flush(self.now)
        self._perform(peer)
        self._plan_wake(peer)
        for observer in self.observers:
            observer.stepped(self.now, peer)

    def _tick(self, peer: SimPeer) -> None:
        def tick() -> None:
            if peer.alive:
                if not peer.paused:
                    self.enter(peer, lambda: peer.core.tick(self.now))
                self.after(self.tick_us, tick)

        self.after(self.tick_us, tick)

    def _plan_wake(self, peer: SimPeer) -> None:
        at = peer.core.next_wake()
        if at is None or at == peer.wake_us:
            return
        peer.wake_us = at

        def wake() -> None:
            if peer.wake_us == at:
                peer.wake_us = None
                self.enter(peer, lambda: peer.core.wake(self.now))

        self.after(max(at - self.now, 0), wake)

    # --- effects ---

    def _perform(self, peer: SimPeer) -> None:
        for effect in peer.core.take_effects():
            self._tell(peer, effect)
            if isinstance(effect, Send):
                for link in effect.links:
                    self._send(peer, link, effect.data)
            elif isinstance(effect, Dial):
                self._dial(peer, effect)
            elif isinstance(effect, CloseLink):
                self.network.close(peer.number, effect.link, self._ended)
            elif isinstance(effect, Emit):
                peer.events.append((self.now, effect.event))
            elif isinstance(effect, Settle):
                assert effect.ticket not in peer.settled, "a receipt is given once"
                peer.settled[effect.ticket] = effect

    def _tell(self, peer: SimPeer, effect: Effect) -> None:
        if not self.observers:
            return
        links = effect.links if isinstance(effect, Send) else ()
        ends = (self.network.far_end(peer.number, link) for link in links)
        targets = tuple(self.peers[end[0]] for end in ends if end is not None)
        for observer in self.observers:
            observer.did(self.now, peer, effect, targets)

    def _send(self, peer: SimPeer, link: LinkId, data: bytes) -> None:
        def deliver(target: int, there: LinkId) -> None:
            receiver = self.peers[target]
            self.enter(receiver, lambda: receiver.core.frame_received(self.now, there, data))

        self.network.transmit(peer.number, link, deliver)

    def _ended(self, target: int, link: LinkId, end: LinkEnd) -> None:
        peer = self.peers[target]
        self.network.forget((target, link))
        self.enter(peer, lambda: peer.core.link_closed(self.now, link, end))

    def _dial(self, peer: SimPeer, dial: Dial) -> None:
        target = self.peers[int(dial.addresses[0])]
        way = (peer.number, target.number), (target.number, peer.number)

        limit = self.now + self.settings.connect_us

        def answer() -> None:
            if not peer.alive:
                return
            mute = target.vanished or (target.alive and target.paused)
            if mute or any(self.network.is_cut(*direction) for direction in way):
                # Nobody says no: the network stack asks again until the time is over.
                if self.now >= limit:
                    fail(LinkEnd.UNREACHABLE)
                else:
                    self.after(min(_ASK_AGAIN_US, limit - self.now), answer)
            elif not target.alive:
                fail(LinkEnd.REFUSED)
            else:
                here, there = self.network.connect(peer.number, target.number)
                self.enter(target, lambda: target.core.link_opened(self.now, there, None))
                self.enter(peer, lambda: peer.core.link_opened(self.now, here, dial.peer))

        def fail(end: LinkEnd) -> None:
            self._befall(peer, f"can't reach {target.name} ({end.value})")
            self.enter(peer, lambda: peer.core.dial_failed(self.now, dial.peer, end))

        self.after(2 * self.network.delay(), answer)

    # --- faults ---

    def _befall(self, peer: SimPeer | None, text: str) -> None:
        for observer in self.observers:
            observer.befell(self.now, peer, text)

    def crash(self, peer: SimPeer, silent: bool = False, lost_for: Sequence[SimPeer] = ()) -> None:
        """The process dies. Unless `silent`, the others see their links to it end.

        What it had under way arrives, but nothing of it gets to those in `lost_for`.
        """
        self._befall(peer, "vanishes" if silent else "crashes")
        peer.alive, peer.vanished = False, silent
        for other in lost_for:
            for link in self.network.links_between(peer.number, other.number):
                far = self.network.break_link(peer.number, link)
                if not silent and far is not None:
                    self.after(self.network.delay(), partial(self._ended, *far, LinkEnd.BROKEN))
        if not silent:
            for link in self.network.links_of(peer.number):
                self.network.close(peer.number, link, self._ended)
        self.network.vanish(peer.number)

    def pause(self, peer: SimPeer) -> None:
        """The process stands still; its links stay open."""
        self._befall(peer, "stands still")
        peer.paused = True

    def resume(self, peer: SimPeer) -> None:
        """It goes on, and finds everything that came in meanwhile."""
        self._befall(peer, "goes on")
        peer.paused = False
        inbox, peer.inbox = peer.inbox, deque()
        if peer.wake_us is not None and peer.wake_us <= self.now:
            peer.wake_us = None
            self.enter(peer, lambda: peer.core.wake(self.now))
        for act in inbox:
            self.enter(peer, act)

    def reset_links(self, one: SimPeer, other: SimPeer) -> None:
        """All links between two peers break; what is under way is lost, and both notice."""
        self._befall(one, f"has its links to {other.name} reset")
        for link in self.network.links_between(one.number, other.number):
            far = self.network.break_link(one.number, link)
            self._ended(one.number, link, LinkEnd.BROKEN)
            if far is not None:
                self._ended(*far, LinkEnd.BROKEN)

    def half_close(self, one: SimPeer, other: SimPeer) -> None:
        """All links between two peers break, and only `one` notices."""
        self._befall(one, f"has its links to {other.name} reset, unnoticed there")
        for link in self.network.links_between(one.number, other.number):
            self.network.break_link(one.number, link)
            self._ended(one.number, link, LinkEnd.BROKEN)

    def cut(self, source: SimPeer, target: SimPeer) -> None:
        """What `source` sends does not get to `target` until the cut heals."""
        self._befall(source, f"does not get through to {target.name}")
        self.network.cut(source.number, target.number)

    def cut_both(self, one: SimPeer, other: SimPeer) -> None:
        """Nothing gets through between two peers."""
        self.cut(one, other)
        self.cut(other, one)

    def isolate(self, peer: SimPeer) -> None:
        """Nothing gets to it or from it."""
        self._befall(peer, "is cut off from all")
        for other in self.peers:
            if other is not peer:
                self.network.cut(peer.number, other.number)
                self.network.cut(other.number, peer.number)

    def heal(self) -> None:
        """Every cut is mended."""
        self._befall(None, "every cut is mended")
        for source, target in list(self.network.cuts):
            self.network.heal(source, target)

    # --- looking ---

    @property
    def hosts(self) -> list[SimPeer]:
        """Those that are alive and in the host role."""
        return [p for p in self.peers if p.alive and p.core.state is State.REIGNING]

    def converged(self) -> bool:
        """One host, and everybody who is alive and in the session is at its position."""
        living = [p for p in self.peers if p.alive and p.core.state is not State.LEFT]
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
