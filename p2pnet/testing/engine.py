"""Runs cores on one heap: what comes in, what the core wants done about it, and when to wake it.

The cores are the real ones; only what is around them is simulated. An engine does for all of them
what the shell of a peer does for one: it hands over frames, ticks and deadlines, and performs the
effects. It plays by the rules of a network (`network`) and of a process that can be slow, stand
still, or have a clock that is wrong (`sim_peer`). It breaks nothing by itself: `core_world` does.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from functools import partial
from typing import Final

import attrs

from p2pnet.core.choices import Choices
from p2pnet.core.credentials import Credentials
from p2pnet.core.effects import CloseLink, Dial, Effect, Emit, Send, Settle
from p2pnet.core.errors import CommandRefused, LinkEnd, LocalError, SessionOver
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import Settings
from p2pnet.core.states import FOLLOWING, REIGNING
from p2pnet.core.values import LinkId, PeerId

from .frames import HEARTBEAT
from .journal import Journal
from .network import Network
from .notary import NotaryCredentials
from .sim_peer import Dials, Listening, Observer, SimPeer
from .streams import stream
from .timeline import Timeline

FINGERPRINT: Final = "journal"
"""Of the game that is played here."""

_ASK_AGAIN_US: Final = 200_000  # between two attempts of one dial


class Engine(Timeline):
    """Processes, each with the core of one peer, and the links between them."""

    def __init__(
        self,
        *,
        seed: int = 0,
        settings: Settings | None = None,
        delay_us: tuple[int, int] = (20_000, 30_000),
        tick_us: int = 50_000,
    ) -> None:
        super().__init__()
        self.observers: list[Observer] = []
        self._listening = Listening()
        self.settings = settings or Settings()
        self.tick_us = tick_us
        self._own = attrs.evolve(self.settings, seat_us=self.settings.seat_us + 1)
        self.peers: list[SimPeer] = []
        self.journals: list[Journal] = []  # of each of them
        self._there: dict[str, SimPeer] = {}  # who was the last to listen at an address
        self.network = Network(stream(seed, "network"), self, delay_us)
        self.shells = stream(seed, "shells")  # how late each is with its timers
        self._processes = itertools.count(1)

    def start(
        self,
        name: str,
        key: bytes | None = None,
        credentials: Credentials | None = None,
        can_host: bool = True,
        game: str = FINGERPRINT,
        at: SimPeer | None = None,
    ) -> SimPeer:
        """A new process; with the key of an earlier one it is that peer, restarted.

        It may listen where an earlier one did, `at`, which is dead.
        """
        number = len(self.peers)
        key = key or number.to_bytes(32, "big")
        journal = Journal()
        self.journals.append(journal)
        credentials, choices = credentials or NotaryCredentials(key), Choices()
        core = PeerCore(
            credentials=credentials,
            entropy=next(self._processes).to_bytes(32, "big"),
            name=name,
            addresses=(str(number),) if at is None else at.core.addresses,
            settings=self._own if self.peers else self.settings,  # till it is told of those
            fingerprint=game,
            replica=journal,
            can_host=can_host,
            choices=choices,
        )
        peer = SimPeer(number, name, key, core, journal, credentials=credentials, choices=choices)
        self.peers.append(peer)
        self._there[core.addresses[0]] = peer
        return peer

    def befall(self, peer: SimPeer | None, text: str) -> None:
        """Tell the observers of something that is done from outside."""
        for observer in self.observers:
            observer.befell(self.now, peer, text)

    # --- inputs ---

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
            with contextlib.suppress(CommandRefused, LocalError, SessionOver):
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
        core, listening = peer.core, self._listeners()
        core.flush(peer.clock.at(self.now))
        effects = core.take_effects()
        if effects:
            self._perform(peer, effects, listening)
        self._plan_wake(peer)
        if core.state is REIGNING:
            self._plan_tick(peer)
        for observer in listening.to_steps:
            observer.stepped(self.now, peer)

    def arrive(self, source: int, data: bytes, target: int, link: LinkId) -> None:
        """A frame has come to the end of its link."""
        peer = self.peers[target]
        if link not in self.network.pipes:
            return  # this end was closed meanwhile: nobody reads that
        if peer.paused or peer.slow_us or peer.busy_until_us > self.now:
            self.enter(peer, partial(self._take, peer, source, link, data))
        elif peer.alive:
            # Most frames are heartbeats, and change nothing but when somebody was heard last. What
            # the core has to be woken for moves only to a later time by that.
            has_effects = peer.core.frame_received(peer.clock.at(self.now), link, data)
            if has_effects or data[1] != HEARTBEAT:
                self._tell(self._listeners().to_frames, peer, source, data)
                self._after_input(peer)
            elif told := self._listening.to_plain_heartbeats:
                self._tell(told, peer, source, data)

    def _take(self, peer: SimPeer, source: int, link: LinkId, data: bytes) -> None:
        has_effects = peer.core.frame_received(peer.clock.at(self.now), link, data)
        plain, listeners = data[1] == HEARTBEAT and not has_effects, self._listeners()
        told = listeners.to_plain_heartbeats if plain else listeners.to_frames
        self._tell(told, peer, source, data)

    def _tell(self, told: list[Observer], peer: SimPeer, source: int, data: bytes) -> None:
        """Tell of a frame that a core has taken."""
        for observer in told:
            observer.took(self.now, peer, source, data)

    def _plan_tick(self, peer: SimPeer) -> None:
        """The game clock of a host. A tick at which nothing waits to go out is left out.

        By itself nothing ever happens in a journal, so no update would come of it.
        """
        if not peer.ticking and (self.journals[peer.number].has_changes or peer.core.awaits_tick):
            peer.ticking = True
            self.at((self.now // self.tick_us + 1) * self.tick_us, partial(self._tick, peer))

    def _tick(self, peer: SimPeer) -> None:
        peer.ticking = False
        if peer.alive and not peer.paused:
            peer.core.tick(peer.clock.at(self.now))
            self._after_input(peer)

    def _plan_wake(self, peer: SimPeer) -> None:
        own_us = peer.core.next_wake()
        if own_us is None:
            return
        at = peer.clock.world_at(own_us)
        if at < self.now:
            at = self.now
        if peer.wake_us is not None and self.now <= peer.wake_us <= at:
            return  # it is woken before that, and then asked again
        peer.wake_us = at
        late_us = self.shells.randrange(peer.late_timers_us) if peer.late_timers_us else 0
        self.at(at + late_us, partial(self._wake, peer, at))

    def _wake(self, peer: SimPeer, at: int) -> None:
        if peer.wake_us != at:
            return
        peer.wake_us = None
        if peer.paused or peer.slow_us or peer.busy_until_us > self.now:
            self.enter(peer, partial(self.wake_core, peer))
        elif peer.alive:
            peer.core.wake(peer.clock.at(self.now))
            if peer.core.state is FOLLOWING and not peer.core.has_effects:
                self._plan_wake(peer)
                if peer.wake_us != self.now:
                    return  # what was due has been put off since
            self._after_input(peer)

    def wake_core(self, peer: SimPeer) -> None:
        """Tell a core what time it is."""
        peer.core.wake(peer.clock.at(self.now))

    # --- effects ---

    def _perform(self, peer: SimPeer, effects: list[Effect], listening: Listening) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._send(peer, effect, listening.to_sends(effect.data[1]))
                continue
            for observer in listening.to_effects:
                observer.did(self.now, peer, effect, ())
            if isinstance(effect, Emit):
                peer.events.append((self.now, effect.event))
            elif isinstance(effect, Dial):
                self._dial(peer, effect)
            elif isinstance(effect, CloseLink):
                self.network.close(effect.link, self._ended)
            elif isinstance(effect, Settle):
                assert effect.ticket not in peer.settled, "a receipt is given once"
                peer.settled[effect.ticket] = effect

    def _send(self, peer: SimPeer, send: Send, told: list[Observer]) -> None:
        number, data = peer.number, send.data
        if told:
            ends = [self.network.far_end(link) for link in send.links]
            targets = tuple([self.peers[end[0]] for end in ends if end is not None])
            for observer in told:
                observer.did(self.now, peer, send, targets)
        self.network.spread(send.links, partial(self.arrive, number, data), len(data))

    def _listeners(self) -> Listening:
        """Who is told of what, sorted anew whenever an observer has come or gone."""
        if self._listening.count != len(self.observers):
            self._listening = Listening.of(self.observers)
        return self._listening

    def _ended(self, target: int, link: LinkId, end: LinkEnd) -> None:
        peer = self.peers[target]
        self.network.forget(link)
        self.enter(peer, lambda: peer.core.link_closed(peer.clock.at(self.now), link, end))

    def _dial(self, peer: SimPeer, dial: Dial) -> None:
        there = peer.number, self._there[dial.addresses[0]].number
        limit = self.now + self.settings.connect_us
        answer = partial(self._answer, peer, dial, limit)
        self.network.knock(there, there[::-1], arrived=answer)

    def _answer(self, peer: SimPeer, dial: Dial, limit: int) -> None:
        """Who dialled hears yes, no, or nothing until `limit`."""
        if not peer.alive:
            return
        target = self._there[dial.addresses[0]]
        if self._is_silent(peer, target):
            # Nobody says no: the network stack asks again until the time is over.
            if self.now >= limit:
                self._refuse(peer, target, dial, LinkEnd.UNREACHABLE)
            else:
                again = partial(self._answer, peer, dial, limit)
                self.after(min(_ASK_AGAIN_US, limit - self.now), again)
        elif not target.alive or target.dials is Dials.REFUSED:
            self._refuse(peer, target, dial, LinkEnd.REFUSED)
        else:
            self.link(peer, target, dial.peer)

    def _refuse(self, peer: SimPeer, target: SimPeer, dial: Dial, end: LinkEnd) -> None:
        self.befall(peer, f"can't reach {target.name} ({end.value})")
        self.enter(peer, lambda: peer.core.dial_failed(peer.clock.at(self.now), dial.peer, end))

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
