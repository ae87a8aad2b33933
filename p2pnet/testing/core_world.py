"""Many cores on one heap: the protocol without trio, sockets or a clock.

Time is an integer that jumps from one thing to the next, so an hour of play takes seconds. The
cores are the real ones; only what is around them is simulated.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from typing import Final

import attrs

from p2pnet.core.effects import CloseLink, Dial, Emit, Send, Settle
from p2pnet.core.errors import LinkEnd
from p2pnet.core.events import Event
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import AckLevel, Settings
from p2pnet.core.states import State
from p2pnet.core.values import LinkId, PeerId, SessionId, peer_id

from .journal import Journal
from .network import Network

_SESSION: Final = SessionId("simulated-session"[:16])
_FINGERPRINT: Final = "journal"


@attrs.define(eq=False)
class SimPeer:
    """One process: its core, and what its application saw."""

    number: int
    key: bytes
    core: PeerCore
    journal: Journal
    alive: bool = True
    paused: bool = False
    inbox: deque[Callable[[], None]] = attrs.field(factory=deque)  # came in while it was paused
    events: list[tuple[int, Event]] = attrs.field(factory=list)
    settled: dict[int, Settle] = attrs.field(factory=dict)  # by ticket
    sent: dict[int, str] = attrs.field(factory=dict)  # text of each command, by ticket
    wake_us: int | None = None

    @property
    def id(self) -> PeerId:
        return self.core.me

    def saw(self, kind: type[Event]) -> list[Event]:
        """The events of one kind, in order."""
        return [event for _, event in self.events if isinstance(event, kind)]


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
        self.settings = settings or Settings()
        self.tick_us = tick_us
        self.peers: list[SimPeer] = []
        self.network = Network(random.Random(seed), lambda: self.now, self.after, delay_us)
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._nonce = itertools.count(1)

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
            key=key,
            nonce=next(self._nonce),
            name=name,
            addresses=(str(number),),
            settings=self.settings,
            fingerprint=_FINGERPRINT,
            replica=journal,
        )
        peer = SimPeer(number, key, core, journal)
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

        self.enter(peer, act)
        return ticket

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

    def _send(self, peer: SimPeer, link: LinkId, data: bytes) -> None:
        def deliver(target: int, there: LinkId) -> None:
            receiver = self.peers[target]
            self.enter(receiver, lambda: receiver.core.frame_received(self.now, there, data))

        self.network.transmit(peer.number, link, deliver)

    def _ended(self, target: int, link: LinkId, end: LinkEnd) -> None:
        peer = self.peers[target]
        self.network.pipes.pop((target, link), None)
        self.enter(peer, lambda: peer.core.link_closed(self.now, link, end))

    def _dial(self, peer: SimPeer, dial: Dial) -> None:
        target = self.peers[int(dial.addresses[0])]
        way = (peer.number, target.number), (target.number, peer.number)

        def answer() -> None:
            if not peer.alive:
                return
            if any(self.network.is_cut(*direction) for direction in way) or target.paused:
                self.after(self.settings.connect_us, lambda: fail(LinkEnd.UNREACHABLE))
            elif not target.alive:
                fail(LinkEnd.REFUSED)
            else:
                here, there = self.network.connect(peer.number, target.number)
                self.enter(target, lambda: target.core.link_opened(self.now, there, None))
                self.enter(peer, lambda: peer.core.link_opened(self.now, here, dial.peer))

        def fail(end: LinkEnd) -> None:
            self.enter(peer, lambda: peer.core.dial_failed(self.now, dial.peer, end))

        self.after(2 * self.network.delay(), answer)

    # --- faults ---

    def crash(self, peer: SimPeer, silent: bool = False) -> None:
        """The process dies. Unless `silent`, the others see their links to it end."""
        peer.alive = False
        if not silent:
            for link in self.network.links_of(peer.number):
                self.network.close(peer.number, link, self._ended)
        self.network.vanish(peer.number)

    def pause(self, peer: SimPeer) -> None:
        """The process stands still; its links stay open."""
        peer.paused = True

    def resume(self, peer: SimPeer) -> None:
        """It goes on, and finds everything that came in meanwhile."""
        peer.paused = False
        inbox, peer.inbox = peer.inbox, deque()
        if peer.wake_us is not None and peer.wake_us <= self.now:
            peer.wake_us = None
            self.enter(peer, lambda: peer.core.wake(self.now))
        for act in inbox:
            self.enter(peer, act)

    def isolate(self, peer: SimPeer) -> None:
        """Nothing gets to it or from it."""
        for other in self.peers:
            if other is not peer:
                self.network.cut(peer.number, other.number)
                self.network.cut(other.number, peer.number)

    def heal(self) -> None:
        """Every cut is mended."""
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
