"""Many cores on one heap: the protocol without trio, sockets or a clock.

Time is an integer that jumps from one thing to the next, so an hour of play takes seconds. The
cores are the real ones; only what is around them is simulated.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from p2pnet.core.credentials import Credentials
from p2pnet.core.effects import CloseLink, Dial, Emit, Send, Settle, TakeRole
from p2pnet.core.errors import LinkEnd, LocalError, SessionOver
from p2pnet.core.messages import Heartbeat
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import AckLevel, Settings
from p2pnet.core.states import Role, State
from p2pnet.core.values import LinkId, PeerId, SessionId, peer_id

from .journal import Journal
from .network import Network
from .notary import NotaryCredentials
from .sim_peer import Dials, Listening, Observer, SimPeer
from .streams import stream

_SESSION: Final = SessionId("simulated-session"[:16])
_FINGERPRINT: Final = "journal"
_ASK_AGAIN_US: Final = 200_000  # between two attempts of one dial
WOKEN_EARLY: Final = "is woken early"
_HEARTBEAT: Final = Heartbeat.__struct_config__.tag  # the second byte of a frame of that kind


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
        self._listening = Listening()
        self.settings = settings or Settings()
        self.tick_us = tick_us
        self.peers: list[SimPeer] = []
        self.network = Network(stream(seed, "network"), lambda: self.now, self.after, delay_us)
        self.shells = stream(seed, "shells")  # how late each is with its timers
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

    def start(
        self, name: str, key: bytes | None = None, credentials: Credentials | None = None
    ) -> SimPeer:
        """A new process; with the key of an earlier one it is that peer, restarted."""
        number = len(self.peers)
        key = key or number.to_bytes(32, "big")
        journal = Journal()
        core = PeerCore(
            credentials=credentials or NotaryCredentials(key),
            entropy=next(self._processes).to_bytes(32, "big"),
            name=name,
            addresses=(str(number),),
            settings=self.settings,
            fingerprint=_FINGERPRINT,
            replica=journal,
        )
        peer = SimPeer(number, name, key, core, journal)
        self.peers.append(peer)
        return peer

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

    def enter(self, peer: SimPeer, act: Callable[[], object]) -> None:
        """Call the core of a peer, then do what it wants done."""
        if self._takes_now(peer, act):
            act()
            self._after_input(peer)

    def ask(self, peer: SimPeer, act: Callable[[], None]) -> None:
        """What the application of a peer wants. It may be refused, as the application is told.

        If the peer takes it in later, a refusal concerns nobody here any more.
        """

        def act_late() -> None:
            with contextlib.suppress(LocalError, SessionOver):
                act()

        if self._takes_now(peer, act_late):
            act()
            self._after_input(peer)

    def _takes_now(self, peer: SimPeer, act: Callable[[], object]) -> bool:
        """Whether a process can take its input now. If not, it does so later or never."""
        if not peer.alive:
            return False
        if peer.paused:
            peer.inbox.append(act)
            return False
        if peer.slow_us or peer.busy_until_us > self.now:
            peer.busy_until_us = max(self.now + peer.slow_us, peer.busy_until_us)
            self.after(peer.busy_until_us - self.now, partial(self._enter_late, peer, act))
            return False
        return True

    def _enter_late(self, peer: SimPeer, act: Callable[[], object]) -> None:
        if peer.paused:
            peer.inbox.append(act)
        elif peer.alive:
            act()
            self._after_input(peer)

    def _after_input(self, peer: SimPeer) -> None:
        peer.core.flush(peer.clock.at(self.now))
        self._perform(peer)
        self._plan_wake(peer)
        for observer in self._listeners().to_steps:
            observer.stepped(self.now, peer)

    def arrive(self, source: int, data: bytes, target: int, link: LinkId) -> None:
        """A frame has come to the end of its link."""
        peer = self.peers[target]
        if peer.paused or peer.slow_us or peer.busy_until_us > self.now:
            self.enter(peer, partial(self._take, peer, source, link, data))
        elif peer.alive and self._take(peer, source, link, data):
            self._after_input(peer)

    def _take(self, peer: SimPeer, source: int, link: LinkId, data: bytes) -> bool:
        """Have a core take a frame. False if nothing changed by that.

        Most frames are heartbeats, and change nothing but when somebody was heard last. What the
        core has to be woken for moves only to a later time by that.
        """
        core = peer.core
        core.frame_received(peer.clock.at(self.now), link, data)
        if data[1] == _HEARTBEAT and not core.has_effects:
            return False
        for observer in self._listeners().to_frames:
            observer.took(self.now, peer, source, data)
        return True

    def _start_ticking(self, peer: SimPeer) -> None:
        """The game clock of a host runs until it is a host no more."""
        if not peer.ticking:
            peer.ticking = True
            self.after(self.tick_us, partial(self._tick, peer))

    def _tick(self, peer: SimPeer) -> None:
        core = peer.core
        if not peer.alive or core.role is not Role.HOST:
            peer.ticking = False
            return
        if not peer.paused:
            core.tick(peer.clock.at(self.now))
            if core.has_effects:
                self._after_input(peer)
        self.after(self.tick_us, partial(self._tick, peer))

    def _plan_wake(self, peer: SimPeer) -> None:
        own_us = peer.core.next_wake()
        if own_us is None:
            return
        at = max(peer.clock.world_at(own_us), self.now)
        if peer.wake_us is not None and self.now <= peer.wake_us <= at:
            return  # it is woken before that, and then asked again
        peer.wake_us = at
        late_us = self.shells.randrange(peer.late_timers_us) if peer.late_timers_us else 0
        self.after(at - self.now + late_us, partial(self._wake, peer, at))

    def _wake(self, peer: SimPeer, at: int) -> None:
        if peer.wake_us == at:
            peer.wake_us = None
            self.enter(peer, partial(self.wake_core, peer))

    def wake_core(self, peer: SimPeer) -> None:
        """Tell a core what time it is."""
        peer.core.wake(peer.clock.at(self.now))

    def wake_early(self, peer: SimPeer) -> None:
        """The shell wakes a core though nothing is due. Nothing may come of that."""
        at = peer.core.next_wake()
        if at is not None and at > peer.clock.at(self.now):
            self.befall(peer, WOKEN_EARLY)
            self.enter(peer, partial(self.wake_core, peer))

    # --- effects ---

    def _perform(self, peer: SimPeer) -> None:
        for effect in peer.core.take_effects():
            if isinstance(effect, Send):
                self._send(peer, effect)
                continue
            for observer in self._listeners().to_effects:
                observer.did(self.now, peer, effect, ())
            if isinstance(effect, Dial):
                self._dial(peer, effect)
            elif isinstance(effect, CloseLink):
                self.network.close(peer.number, effect.link, self._ended)
            elif isinstance(effect, Emit):
                peer.events.append((self.now, effect.event))
            elif isinstance(effect, TakeRole):
                if effect.role is Role.HOST:
                    self._start_ticking(peer)
            elif isinstance(effect, Settle):
                assert effect.ticket not in peer.settled, "a receipt is given once"
                peer.settled[effect.ticket] = effect

    def _send(self, peer: SimPeer, send: Send) -> None:
        listeners = self._listeners()
        beat = send.data[1] == _HEARTBEAT
        told = listeners.to_heartbeats if beat else listeners.to_effects
        if told:
            ends = (self.network.far_end(peer.number, link) for link in send.links)
            targets = tuple(self.peers[end[0]] for end in ends if end is not None)
            for observer in told:
                observer.did(self.now, peer, send, targets)
        deliver = partial(self.arrive, peer.number, send.data)
        for link in send.links:
            self.network.transmit(peer.number, link, deliver)

    def _listeners(self) -> Listening:
        """Who is told of what, sorted anew whenever an observer has come or gone."""
        if self._listening.count != len(self.observers):
            self._listening = Listening.of(self.observers)
        return self._listening

    def _ended(self, target: int, link: LinkId, end: LinkEnd) -> None:
        peer = self.peers[target]
        self.network.forget((target, link))
        self.enter(peer, lambda: peer.core.link_closed(peer.clock.at(self.now), link, end))

    def _dial(self, peer: SimPeer, dial: Dial) -> None:
        target = self.peers[int(dial.addresses[0])]
        limit = self.now + self.settings.connect_us

        def answer() -> None:
            if not peer.alive:
                return
            if self._is_silent(peer, target):
                # Nobody says no: the network stack asks again until the time is over.
                if self.now >= limit:
                    fail(LinkEnd.UNREACHABLE)
                else:
                    self.after(min(_ASK_AGAIN_US, limit - self.now), answer)
            elif not target.alive or target.dials is Dials.REFUSED:
                fail(LinkEnd.REFUSED)
            else:
                self.link(peer, target, dial.peer)

        def fail(end: LinkEnd) -> None:
            self.befall(peer, f"can't reach {target.name} ({end.value})")
            self.enter(peer, lambda: peer.core.dial_failed(peer.clock.at(self.now), dial.peer, end))

        one_way = self.network.delay(peer.number, target.number)
        self.after(one_way + self.network.delay(target.number, peer.number), answer)

    def _is_silent(self, peer: SimPeer, target: SimPeer) -> bool:
        """Whether who dials this target hears neither yes nor no."""
        if target.vanished or (target.alive and target.paused) or target.dials is Dials.IGNORED:
            return True
        cut = self.network.is_cut
        return cut(peer.number, target.number) or cut(target.number, peer.number)

    def link(self, peer: SimPeer, target: SimPeer, dialled: PeerId) -> tuple[LinkId, LinkId]:
        """A link comes up; what each of the two calls it."""
        here, there = self.network.connect(peer.number, target.number)
        if target.dials is not Dials.MUTE:
            self.enter(
                target, lambda: target.core.link_opened(target.clock.at(self.now), there, None)
            )
        self.enter(peer, lambda: peer.core.link_opened(peer.clock.at(self.now), here, dialled))
        return here, there

    # --- faults ---

    def befall(self, peer: SimPeer | None, text: str) -> None:
        """Tell the observers of something that is done from outside."""
        for observer in self.observers:
            observer.befell(self.now, peer, text)

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
