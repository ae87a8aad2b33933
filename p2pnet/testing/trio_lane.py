"""Scenarios for real peers: a `TrioWorld` that can be driven and watched like a world of cores.

What it finds beyond that is what only real peers can do wrong: a task that is left behind, a link
that nobody closes, an exception that ends somebody else's nursery, a cancellation at a bad moment.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import attrs
import trio

from p2pnet.core.effects import Send
from p2pnet.core.errors import (
    CommandRefused,
    Denied,
    HostUnreachable,
    LinkDown,
    LinkEnd,
    LocalError,
    RemoteProtocolError,
    SessionOver,
)
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import AckLevel, Settings
from p2pnet.core.states import State
from p2pnet.core.values import LinkId
from p2pnet.peer.identity import Identity
from p2pnet.peer.inputs import HandOver, Input, Kick
from p2pnet.peer.migration import MigrationManager
from p2pnet.peer.receipts import Receipt
from p2pnet.peer.session_hooks import SessionHooks
from p2pnet.peer.subscription import Subscription
from p2pnet.world.wire import OUTCOME, Refused

from .catalogue import InvariantBroken
from .chronicle import Chronicled, Scribe, chronicle_game
from .clumsy import ClumsyHooks, ClumsyManager
from .downfall import fall, is_downfall
from .flood import Flood, within_sight
from .guest import Guest
from .journal import REFUSED, Written
from .leftovers import (
    count_tasks,
    count_timers,
    given,
    listen_to_python,
    open_files,
    story_of,
)
from .sim_peer import Listening, SimPeer
from .sim_world import WOKEN_EARLY, SimWorld
from .trio_peer import SimShell, TrioPeer
from .trio_world import TrioWorld
from .virtual_clock import Stuck
from .watched_shell import WatchedShell
from .witness import LaneWitness

_LEAVE_US: Final = 1_900_000  # by then all have left, and nobody was called off after 2 s
_ARRIVE_US: Final = 2_000_000  # what is under way has arrived
_CLUMSY_EVERY: Final = 4  # once in so many scenarios, the hooks of a peer raise
_FLOOD_EVERY: Final = 4  # and once in so many, a peer that stands still is flooded …
_FLOOD_WIRES_EVERY: Final = 2  # … more often where frames can break in two
_FALL_EVERY: Final = 4  # and once in so many, one peer can't go on
_SEVERAL_TICKS: Final = 3
_EXPECTED: Final = (Denied, HostUnreachable, SessionOver)  # what can become of who joins


class TrioLane(SimWorld):
    """Real peers that play a chronicle."""

    def __init__(
        self,
        *,
        seed: int = 0,
        settings: Settings | None = None,
        delay_us: tuple[int, int] = (20_000, 30_000),
        tick_us: int = 50_000,
        websockets: bool = False,
    ) -> None:
        self.settings = within_sight(settings or Settings())
        self.observers = []
        self.broken: InvariantBroken | None = None
        """The first thing that did not hold."""
        self._listening = Listening()
        self._is_closed = False
        self._tick_us = tick_us
        self._readers: list[Subscription] = []  # of peers whose game reads no events
        self._receipts: list[tuple[TrioPeer, str, Receipt[Any]]] = []
        self._floods = seed % (_FLOOD_WIRES_EVERY if websockets else _FLOOD_EVERY) == 0
        self._falls = seed % _FALL_EVERY == 3
        self._complaints: list[str] = []
        self._open_files = open_files()
        self._cleanup = contextlib.ExitStack()
        self._cleanup.enter_context(listen_to_python(self._complaints))
        self._guest = self._cleanup.enter_context(Guest(seed, limit_s=float("inf")))
        self.trio = _World(
            chronicle_game(tick_us),
            seed=seed,
            settings=self.settings,
            delay_us=delay_us,
            websockets=websockets,
            clock=self._guest.clock,
        )
        self.trio.observers = self.observers
        self.network = self.trio.network
        self.peers = self.trio.peers  # type: ignore[assignment]  # nobody else adds to them
        self.trio.is_clumsy = seed % _CLUMSY_EVERY == 1
        self._guest.start(self._live)
        self._idle_tasks = self._guest.call(count_tasks)

    async def _live(self, *, task_status: trio.TaskStatus[None]) -> None:
        async with self.trio.living():
            task_status.started()
            await trio.sleep_forever()

    # --- time ---

    @property
    def now(self) -> int:  # type: ignore[override]  # nobody sets it
        return self._guest.clock.now_us

    def after(self, delay_us: int, do: Callable[[], None]) -> None:
        self.trio.after(delay_us, partial(self.contained, do))

    def run_until(self, at_us: int) -> None:
        self._guest.run_until(at_us)
        self._check()

    def run_while(self, busy: Callable[[], bool], limit_us: int = 20_000_000) -> bool:
        done = self._guest.run_while(busy, limit_us)
        self._check()
        return done

    def contained(self, do: Callable[[], object]) -> None:
        """What goes wrong while somebody watches or does something must not end the run itself."""
        try:
            do()
        except InvariantBroken as broken:
            self.broken = self.broken or broken
            self._guest.clock.is_held = True
        except Exception as error:  # noqa: BLE001  # it is raised where the world is driven
            self.broken = self.broken or InvariantBroken("S29", repr(error))

    def _check(self) -> None:
        """Raise the first thing that did not hold."""
        for peer in self.trio.peers:
            failure = peer.failure
            if failure is None or isinstance(failure, _EXPECTED):
                continue
            if not (self._falls and is_downfall(failure)):
                text = f"{peer.name} ended: {story_of(failure)}"
                self.broken = self.broken or InvariantBroken("S29", text)
        if self.broken is not None:
            raise self.broken

    # --- what players do ---

    def game(self, players: int) -> Sequence[SimPeer]:
        self._watch(self.trio.open_session("peer0"))
        self._wait_for_seat(self.trio.peers[0])
        for number in range(1, players):
            self._wait_for_seat(self._watch(self.trio.join(self.trio.peers[0], f"peer{number}")))
        self.run_for(1_000_000)  # let the mesh come up
        return self.peers

    def _wait_for_seat(self, peer: TrioPeer) -> None:
        playing = (State.FOLLOWING, State.REIGNING)
        if not self.run_while(lambda: peer.core.state not in playing):
            raise InvariantBroken("L3", f"{peer.name} gets no seat")

    def join(
        self,
        via: SimPeer,
        name: str = "client",
        key: bytes | None = None,
        can_host: bool = True,
        at: SimPeer | None = None,
    ) -> SimPeer:
        return self._watch(self.trio.join(via, name, key=key, can_host=can_host))

    def _watch(self, peer: TrioPeer) -> TrioPeer:
        shell = peer.shell
        assert isinstance(shell, WatchedShell)
        shell.watched.witness = LaneWitness(self, peer)
        self._readers.append(shell.fanout.subscribe())
        return peer

    def submit(self, peer: SimPeer, text: str, ack: AckLevel | None = None) -> object:
        process = self.process(peer)
        player, shell = process.peer.player, process.shell
        if not isinstance(player, Scribe) or not peer.alive:
            return None  # it has no seat, and so nobody to act
        assert isinstance(shell, WatchedShell)
        with shell.saying(ack), contextlib.suppress(LocalError, SessionOver, CommandRefused):
            receipt: Receipt[Any] = player.enter(text)
            self._receipts.append((process, text, receipt))
        return None

    def write(self, peer: SimPeer, text: str) -> None:
        """In a chronicle nothing is anybody's own."""

    def leave(self, peer: SimPeer) -> None:
        self.trio.leave(self.process(peer))

    def kick(self, host: SimPeer, peer: SimPeer) -> None:
        self.befall(host, f"kicks {peer.name}")
        self.process(host).shell.post(Kick(peer.id, "out"))

    def hand_over(self, host: SimPeer, to: SimPeer) -> None:
        self.befall(host, f"hands over to {to.name}")
        self.process(host).shell.post(HandOver(Receipt(), to.id))

    def process(self, peer: SimPeer) -> TrioPeer:
        """What runs it."""
        return self.trio.peers[peer.number]

    # --- what they do not ---

    def slip(self, source: SimPeer, target: SimPeer, data: bytes) -> None:
        shell = self.process(source).shell
        assert isinstance(shell, WatchedShell)
        links = [link for link, far in shell.watched.remotes.items() if far == target.number]
        open_links = [link for link in links if shell.mesh.remote(link) is not None]
        if source.alive and not source.paused and open_links:
            with contextlib.suppress(LinkDown):
                shell.mesh.send(Send((open_links[-1],), data))

    def impostor(self, victim: SimPeer, target: SimPeer) -> SimPeer:
        stolen = _StolenIdentity.from_private_bytes(victim.key)
        liar = self._watch(self.trio.join(target, "impostor", key=victim.key, identity=stolen))
        liar.impostor = True
        return liar

    # --- faults ---

    def crash(self, peer: SimPeer, silent: bool = False, lost_for: Sequence[SimPeer] = ()) -> None:
        super().crash(peer, silent, lost_for)
        self.process(peer).die()

    def _let_go(self, peer: SimPeer, link: LinkId) -> None:
        self.trio.ether.end_at((peer.number, link), LinkEnd.BROKEN)

    def _ended(self, target: int, link: LinkId, end: LinkEnd) -> None:
        self.trio.ether.ended(target, link, end)

    def pause(self, peer: SimPeer) -> None:
        self.trio.pause(self.process(peer))

    def resume(self, peer: SimPeer) -> None:
        self.trio.resume(self.process(peer))

    def set_clock_rate(self, peer: SimPeer, rate: int) -> None:
        if peer.clock.rate != rate and peer.alive:
            peer.clock.set_rate(self.now, rate)
            self.process(peer).shell.post(_LookAtTheClock())

    def wake_early(self, peer: SimPeer) -> None:
        self.process(peer).shell.post(_WakeEarly(partial(self.befall, peer, WOKEN_EARLY)))

    # --- looking ---

    def far_peer(self, peer: SimPeer, link: LinkId) -> int | None:
        shell = self.process(peer).shell
        assert isinstance(shell, WatchedShell)
        return shell.watched.remotes.get(link)

    def listeners(self) -> Listening:
        """Who is told of what, sorted anew whenever an observer has come or gone."""
        if self._listening.count != len(self.observers):
            self._listening = Listening.of(self.observers)
        return self._listening

    # --- what the bytes mean that the protocol carries ---

    def command_text(self, payload: bytes) -> str:
        try:
            return str(self.trio.peers[0].peer.world.describe(payload).arguments.get("text", ""))
        except RemoteProtocolError:
            return ""

    def outcome_text(self, outcome: bytes) -> str:
        return REFUSED.decode() if isinstance(OUTCOME.decode(outcome), Refused) else ""

    def update_lines(self, update: bytes) -> list[tuple[str, str, str]]:
        return []

    # --- the end ---

    def wind_up(self) -> None:
        self._play_on()
        if self._floods:
            Flood(self).play()
        if self._falls and len(self.members) > 1:
            fall(self, self.members[0])
        processes = [peer for peer in self.trio.peers if not peer.ended.is_set()]
        cut = self._links_cut()
        for peer in processes:
            peer.shell.shut()
        if not self.run_while(lambda: not all(p.ended.is_set() for p in processes), _LEAVE_US):
            names = ", ".join(peer.name for peer in processes if not peer.ended.is_set())
            raise InvariantBroken("S30", f"these do not come to their end: {names}")
        self.run_for(_ARRIVE_US)
        if self._links_cut() > cut:
            raise InvariantBroken("S30", "somebody left, and a link of it was cut and not closed")
        ether = self.trio.ether
        left = {
            "tasks": self._guest.call(count_tasks) - self._idle_tasks,
            "timers": self._guest.call(count_timers),
            "links": len(ether.ends),
            "open links": sum(len(peer.shell.mesh.numbers) for peer in self.trio.peers),
            "streams of events": sum(not events.is_over for events in self._readers),
            "listeners": len(ether.listeners),
            "inputs": sum(len(peer.shell.inbox) for peer in self.trio.peers),
            "receipts": sum(peer.shell.in_flight for peer in self.trio.peers),
        }
        for what, count in left.items():
            if count:
                raise InvariantBroken("S30", f"{count} {what} are left when all have left")
        for peer, text, receipt in self._receipts:
            if peer.alive:
                given(peer, text, receipt)

    def _play_on(self) -> None:
        """L4: the game clock of each host ticks."""
        before = [(host, self.process(host).ticks) for host in self.hosts]
        self.run_for(_SEVERAL_TICKS * self._tick_us)
        for host, ticks in before:
            if host in self.hosts and self.process(host).ticks == ticks:
                raise InvariantBroken("L4", f"the game of {host.name} stands still")

    def _links_cut(self) -> int:
        shells = (peer.shell for peer in self.trio.peers if peer.alive)
        return sum(shell.watched.cut for shell in shells if isinstance(shell, WatchedShell))

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._cleanup.close()
        except Stuck as stuck:
            text = f"what was called off goes on: {stuck!s}"
            raise InvariantBroken("S30", text) from None
        more = open_files() - self._open_files
        if more:
            raise InvariantBroken("S30", f"{more} open files are left")
        if self._complaints:
            raise InvariantBroken("S30", f"Python complains: {self._complaints[0]}")


class _World(TrioWorld):
    """Peers whose shells can be watched."""

    shell_type = WatchedShell
    is_clumsy = False
    """Whether the game of one peer raises whenever it can."""

    def _manager(self, number: int) -> MigrationManager:
        return ClumsyManager() if self.is_clumsy and number == 1 else super()._manager(number)

    def _session_hooks(self, number: int) -> SessionHooks:
        return ClumsyHooks() if self.is_clumsy and number == 1 else super()._session_hooks(number)

    def _written(self, shell: SimShell) -> Written:
        return Chronicled(shell.world)


@attrs.frozen
class _LookAtTheClock(Input):
    """Nothing has happened, but the clock may show something else than it did."""

    def feed(self, core: PeerCore, now: int) -> None:
        """There is nothing to tell the core."""


@attrs.frozen
class _WakeEarly(Input):
    """The core is woken though nothing is due."""

    befall: Callable[[], None]

    def feed(self, core: PeerCore, now: int) -> None:
        at = core.next_wake()
        if at is not None and at > now:
            self.befall()
            core.wake(now)


class _StolenIdentity(Identity):
    """The identity of somebody who knows a public key, and can't sign for it."""

    def sign(self, statement: bytes) -> bytes:
        return bytes(64)
