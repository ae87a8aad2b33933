"""Real peers in a simulated world: their nurseries, links and cancellations, in virtual time.

A `TrioWorld` lives inside a run of `reproducible.run`, or is driven step by step (`guest`).
Whatever is done to it from outside is done at once and without waiting; what has to be waited for
is a coroutine. So a fault can strike at any moment, also in the middle of something.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import trio

from p2pnet.core.errors import GameError, LinkEnd
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.core.values import SessionId
from p2pnet.links.base import Transport, background_nursery
from p2pnet.peer.identity import Identity
from p2pnet.peer.invite import Invite
from p2pnet.peer.migration import MigrationManager
from p2pnet.peer.opening import PeerTask
from p2pnet.peer.peer import Peer
from p2pnet.peer.session_hooks import SessionHooks
from p2pnet.world.game import Game

from .journal import Journal, Written
from .network import Network
from .sim_peer import Observer, SimPeer
from .standstill import Standstill
from .streams import stream
from .trio_links import SimTransport
from .trio_network import PORT, TrioNetwork, address_of, host_of
from .trio_peer import Lids, SimMachine, SimShell, TrioPeer
from .trio_wires import WireTransport
from .virtual_clock import Stuck, VirtualClock

SETTLE_S: Final = 20.0
"""Virtual time that a world has to settle, from its last progress on."""

_PERIODS_MAX: Final = 10  # so many of them, however much progress there is


class TrioWorld:
    """A session of real peers. `open_session` starts the one that opens it, the others `join`."""

    shell_type: type[SimShell] = SimShell

    def __init__(
        self,
        game: Game,
        *,
        seed: int = 0,
        settings: Settings | None = None,
        delay_us: tuple[int, int] = (20_000, 30_000),
        websockets: bool = False,
        clock: VirtualClock,
    ) -> None:
        """With `websockets` the links are real ones over simulated bytes, else frames travel."""
        self.game = game
        self.seed = seed
        self.settings = settings or Settings()
        self.clock = clock
        self.peers: list[TrioPeer] = []
        """Every process that was ever started, by number."""
        self.observers: list[Observer] = []
        self.network = Network(stream(seed, "network"), clock, delay_us)
        self.ether = TrioNetwork(self.network, lambda number: self.peers[number])
        self.session: SessionId | None = None
        self._websockets = websockets
        self._lids = Lids()
        self._standstill = Standstill()
        self._nursery: trio.Nursery | None = None
        clock.on_stuck.append(self._die)

    # --- life ---

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Processes can be started as long as this context is open. Leaving it kills all."""
        async with background_nursery() as nursery:
            self._nursery = nursery
            try:
                yield
            finally:
                self._die()

    def _die(self) -> None:
        for peer in self.peers:
            peer.die()

    @property
    def now(self) -> int:
        """Virtual time in microseconds."""
        return self.clock.now_us

    def after(self, delay_us: int, do: Callable[[], None]) -> None:
        """Have a thing done after so many microseconds."""
        self.clock.after(delay_us, do)

    # --- processes ---

    def launch(
        self,
        name: str,
        enter: Callable[[Peer], Awaitable[object]],
        *,
        key: bytes | None = None,
        identity: Identity | None = None,
        migration: MigrationManager | None = None,
        can_host: bool = True,
        host_task: PeerTask | None = None,
        client_task: PeerTask | None = None,
    ) -> TrioPeer:
        """A new process, whose peer does `enter`. The key of an earlier one makes it that peer."""
        number = len(self.peers)
        key = key or stream(self.seed, "key", number).randbytes(32)
        identity = identity or Identity.from_private_bytes(key)
        machine = SimMachine(self.clock, stream(self.seed, "machine", number), self._lids)
        shell = self.shell_type(
            game=self.game,
            name=name,
            settings=self.settings,
            identity=identity,
            transport=self._transport(number),
            manager=migration or self._manager(number),
            session_hooks=self._session_hooks(number),
            role_tasks={},
            machine=machine,
            can_host=can_host,
        )
        process = TrioPeer(
            number,
            name,
            key,
            shell.build(address_of(number)),
            self._written(shell),
            credentials=identity,
            peer=Peer(shell),
            shell=shell,
            standstill=self._standstill,
            host_task=host_task,
            client_task=client_task,
        )
        machine.process = process
        self.peers.append(process)
        assert self._nursery is not None, "a world has to live before a process can"
        self._nursery.start_soon(process.live, enter, name=name)
        return process

    def _written(self, shell: SimShell) -> Written:
        """What those see who compare what peers hold."""
        return Journal()

    def _manager(self, number: int) -> MigrationManager:
        """The hooks about a change of host, of the game of a process that brings none."""
        return MigrationManager()

    def _session_hooks(self, number: int) -> SessionHooks:
        """The hooks about who comes and goes."""
        return SessionHooks()

    def _transport(self, number: int) -> Transport:
        if self._websockets:
            return WireTransport(self.ether, number, stream(self.seed, "segments", number))
        return SimTransport(self.ether, number)

    def open_session(self, name: str = "host", **options: Any) -> TrioPeer:
        """Start the process that opens the session. `options` are those of `launch`."""
        number = len(self.peers)

        async def enter(peer: Peer) -> None:
            await peer.host(host_of(number), PORT)
            self.session = peer.invite.session

        return self.launch(name, enter, **options)

    def join(self, via: SimPeer | None = None, name: str = "", **options: Any) -> TrioPeer:
        """Start a process that asks `via`, or the host, for a seat."""
        number = len(self.peers)
        via = via or self.host or self.peers[0]
        assert self.session is not None, "a session has to be open before anybody can join it"
        invite = Invite(self.session, via.id, via.core.addresses)
        enter = partial(Peer.join, invite=invite, address=host_of(number), port=PORT)
        return self.launch(name or f"peer{number}", enter, **options)

    async def seated(self, peer: TrioPeer) -> TrioPeer:
        """Wait until a peer is in the session. Raises what keeps it out."""
        playing = (State.FOLLOWING, State.REIGNING)
        await self.clock.wait_until(lambda: peer.core.state in playing or peer.ended.is_set())
        if peer.failure is not None:
            raise peer.failure
        return peer

    async def gather(self, players: int) -> list[TrioPeer]:
        """A session of so many peers, the host first, with all links up."""
        await self.seated(self.open_session("peer0"))
        for number in range(1, players):
            await self.seated(self.join(self.peers[0], f"peer{number}"))
        await trio.sleep(1)
        await self.settle()
        return self.peers

    # --- faults ---

    def kill(self, peer: TrioPeer, silent: bool = False) -> None:
        """The process ends. Unless `silent`, the others see their links to it end."""
        if not peer.alive:
            return
        self.befall(peer, "vanishes" if silent else "crashes")
        peer.alive, peer.vanished = False, silent
        if not silent:
            for end in self.network.links_of(peer.number):
                self.ether.end_at((peer.number, end), LinkEnd.BROKEN)
        self.network.vanish(peer.number)
        peer.die()

    def pause(self, peer: TrioPeer) -> None:
        """The process stands still; its links stay open."""
        if peer.alive and not peer.paused:
            self.befall(peer, "stands still")
            peer.stand_still()

    def resume(self, peer: TrioPeer) -> None:
        """It goes on, and finds everything that came in meanwhile."""
        if peer.alive and peer.paused:
            self.befall(peer, "goes on")
            peer.go_on()

    def slow(self, peer: TrioPeer, late_us: int) -> None:
        """From now on the process takes everything in so much later; 0 for at once."""
        self.befall(peer, f"takes everything in {late_us} us late")
        peer.slow_us = late_us

    def cut(self, source: TrioPeer, target: TrioPeer, both: bool = True) -> None:
        """Nothing gets through from one to the other, and back unless `both` is False."""
        for one, other in ((source, target), (target, source))[: 1 + both]:
            self.befall(one, f"does not get through to {other.name}")
            self.network.cut(one.number, other.number)

    def partition(self, *groups: Iterable[TrioPeer]) -> None:
        """Nothing gets through between these groups. Whoever is in none of them is in one more."""
        sides = [list(group) for group in groups]
        named = [peer for side in sides for peer in side]
        sides.append([peer for peer in self.members if peer not in named])
        for place, side in enumerate(sides):
            for other_side in sides[place + 1 :]:
                for one in side:
                    for other in other_side:
                        self.cut(one, other)

    def isolate(self, peer: TrioPeer) -> None:
        """Nothing gets to it or from it."""
        self.partition([peer])

    def heal(self) -> None:
        """Every cut is mended, and every process is awake and in time."""
        self.befall(None, "every cut is mended")
        for source, target in list(self.network.cuts):
            self.network.heal(source, target)
        self.network.catch_up()
        for peer in self.peers:
            peer.slow_us = 0
            self.resume(peer)

    async def hand_over(self, to: TrioPeer | None = None) -> None:
        """The host makes another peer the host, `to` or the first in rank."""
        host = self.host
        if host is not None:
            self.befall(host, f"hands over to {'the next' if to is None else to.name}")
            await host.peer.hand_over(None if to is None else to.peer.connection_id)

    def leave(self, peer: TrioPeer) -> None:
        """Its application leaves the session."""
        self.befall(peer, "leaves")
        peer.shell.shut()

    def restart(self, peer: TrioPeer, **options: Any) -> TrioPeer:
        """A new process with the key of one that is gone asks the host for its seat."""
        self.befall(None, f"{peer.name} is started again")
        return self.join(None, f"{peer.name}'", key=peer.key, **options)

    def befall(self, peer: SimPeer | None, text: str) -> None:
        """Tell the observers of something that is done from outside."""
        for observer in self.observers:
            observer.befell(self.now, peer, text)

    # --- looking ---

    @property
    def members(self) -> list[TrioPeer]:
        """Those that are alive and in the session."""
        return [p for p in self.peers if p.alive and p.core.state is not State.LEFT]

    @property
    def hosts(self) -> list[TrioPeer]:
        """Those that are alive and in the host role."""
        return [p for p in self.peers if p.alive and p.core.state is State.REIGNING]

    @property
    def host(self) -> TrioPeer | None:
        """Who hosts, of several the one of the newest reign."""
        reigning = [(p.core.epoch, p) for p in self.hosts if p.core.epoch is not None]
        return max(reigning, key=lambda pair: pair[0])[1] if reigning else None

    def is_together(self) -> bool:
        """Whether all who are alive and in the session follow one host."""
        hosts, members = self.hosts, self.members
        return len(hosts) == 1 and all(
            not p.paused
            and (p is hosts[0] or p.core.state is State.FOLLOWING)
            and p.core.epoch == hosts[0].core.epoch
            for p in members
        )

    def is_settled(self) -> bool:
        """Whether all are together at the same position, and no command is under way."""
        if not self.is_together():
            return False
        stands = {(p.core.position, p.core.digest) for p in self.members}
        busy = any(len(p.shell.inbox) or p.shell.in_flight for p in self.members)
        return len(stands) == 1 and not busy

    # --- waiting ---

    async def settle(self, limit_s: float = SETTLE_S) -> None:
        """Wait until all are together at one position, and every command is done.

        The game clock stands still towards the end, or it would never be.

        Raises Stuck if `limit_s` go by without any progress: no peer comes to another state, reign
        or position. Raises GameError if the game's code raised on any peer.
        """
        try:
            await self._wait_for(self.is_together, limit_s)
            self._lids.stop_ticks = True
            await self._wait_for(self.is_settled, limit_s)
        finally:
            self._lids.stop_ticks = False
            self._lids.opened.unpark_all()

    async def _wait_for(self, holds: Callable[[], bool], limit_s: float) -> None:
        for _ in range(_PERIODS_MAX):
            before = self._stands()
            with trio.move_on_after(limit_s):
                await self.clock.wait_until(lambda: holds() or self._has_failed())
            self._raise_failures()
            if holds():
                return
            if self._stands() == before:
                break
        states = ", ".join(
            f"{p.name} {'stands still' if p.paused else p.core.state.value}" for p in self.members
        )
        raise Stuck(f"not settled after {limit_s:g} virtual seconds without progress: {states}")

    def _stands(self) -> list[Any]:
        return [(p.core.state, p.core.epoch, p.core.position) for p in self.members]

    def _has_failed(self) -> bool:
        return any(isinstance(p.failure, GameError) for p in self.peers)

    def _raise_failures(self) -> None:
        for peer in self.peers:
            if isinstance(peer.failure, GameError):
                raise peer.failure
