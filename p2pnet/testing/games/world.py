"""The world of a test: a session of real peers in virtual time, and everything that can befall it.

It stands on the simulated network of `trio_world`. Peers are called ana, bea, cid and so on, in the
order in which they came; a peer that is started again keeps its name, its key and its player.
"""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs
import trio

from p2pnet.core.errors import GameError, LocalProtocolError
from p2pnet.core.settings import Settings
from p2pnet.core.states import State
from p2pnet.peer.peer import Peer
from p2pnet.peer.receipts import Receipt
from p2pnet.world.game import Game

from ..trio_peer import TrioPeer
from ..trio_world import TrioWorld
from ..virtual_clock import Stuck, VirtualClock
from ..watched_world import WatchedWorld
from .at_rest import look_at_rest
from .mistakes import MistakesFound
from .names import NAMES, peer_name
from .story import Step, Story
from .variables import Backup
from .view import Call, View, Who
from .watch import Watch
from .watched import watch_world

Invariant = Callable[["GameWorld"], object]
"""Gets the world. Raises AssertionError, or returns False, if it does not hold."""

_DELAY_US: Final = (5_000, 15_000)
_RECEIPTS_S: Final = 30.0
_APART_S: Final = 1.0  # for receipts, while some can't get any
_PATIENCE_S: Final = 5.0
_REST_S: Final = 0.25  # some ticks of a host


class InvariantBroken(AssertionError):
    """An invariant of the game did not hold."""


class GameWorld(View):
    """One session of a game, in one process, without a socket, in virtual time."""

    def __init__(
        self, stage: TrioWorld, watch: Watch, invariants: Sequence[Invariant] = ()
    ) -> None:
        self.calls: list[Call] = []
        """All commands that were called by `call` and `submit`, in order."""
        self.invariants = tuple(invariants)
        self.on_settle: Callable[[], Any] | None = None
        """Something to wait for before the world can settle."""
        super().__init__(stage)
        self._watch = watch
        watch.clocks.now_s = lambda: self.now_s
        self._started = 0
        self._steps: list[Step] = []
        self._is_quiet = False

    # --- looking ---

    @property
    def story(self) -> Story:
        """What was done so far."""
        return Story(
            *(self._started, self._stage.seed, tuple(self._steps)),
            hosts_lost=self._watch.successions,
            length_s=self.now_s,
            tries=self._watch.tries,
        )

    # --- commands ---

    def submit(
        self, who: Who, command: str, /, *args: Any, on: int | None = None, **kwargs: Any
    ) -> Receipt[Any]:
        """Call a command on one peer and do not wait for it.

        `on` is the id of the object, by default the peer's own player. Raises what the call itself
        raises: LocalProtocolError, CommandRefused.
        """
        peer = self._process(who).peer
        obj = peer.player if on is None else peer.objects.get(on)
        if obj is None:
            missing = "has no player" if on is None else f"has no object {on}"
            raise LocalProtocolError(f"{peer.name} {missing} at the moment")
        receipt: Receipt[Any] = getattr(obj, command)(*args, **kwargs)
        if not isinstance(receipt, Receipt):
            raise LocalProtocolError(f"{type(obj).__name__}.{command} is not a command")
        named = kwargs if on is None else {"on": on, **kwargs}
        self._did("submit", peer.name, command, *args, named=named, cls=type(obj).__name__)
        self.calls.append(
            Call(peer.name, obj.object_id, command, (*args, *kwargs.values()), receipt)
        )
        return receipt

    async def call(
        self, who: Who, command: str, /, *args: Any, on: int | None = None, **kwargs: Any
    ) -> Any:
        """Call a command on one peer and wait for its result.

        Beside `host_drops` it waits for a peer that is about to be started again. Raises what the
        command raises, and SessionOver if that peer is killed meanwhile.
        """
        if self.on_settle is not None:
            await self._stage.clock.wait_until(lambda: self._is_back(who))
        receipt = self.submit(who, command, *args, on=on, **kwargs)
        self._steps[-1] = attrs.evolve(self._steps[-1], verb="call")
        return await receipt

    # --- what befalls peers, at once ---

    def kill(self, who: Who) -> None:
        """The process of a peer is killed. Its links break, so the others see it at once."""
        process = self._process(who)
        self._did("kill", process.name)
        self._stage.kill(process)

    def kill_host(self) -> None:
        """The process of the host is killed."""
        process = self._process(self.host)
        self._did("kill_host")
        self._stage.kill(process)

    def vanish(self, who: Who) -> None:
        """The machine of a peer loses its power: nothing is heard of it, and no link breaks."""
        process = self._process(who)
        self._did("vanish", process.name)
        self._stage.kill(process, silent=True)

    def freeze(self, who: Who) -> None:
        """A peer stands still, like a laptop whose lid is closed, until `wake`."""
        process = self._process(who)
        self._did("freeze", process.name)
        self._stage.pause(process)

    def wake(self, who: Who) -> None:
        """A peer that stood still goes on, and knows nothing of what has happened."""
        process = self._process(who)
        self._did("wake", process.name)
        self._stage.resume(process)

    def isolate(self, who: Who) -> None:
        """A peer loses its network, until `heal`. The game goes on, on both sides."""
        process = self._process(who)
        self._did("isolate", process.name)
        self._stage.isolate(process)

    def partition(self, *groups: Iterable[Who]) -> None:
        """Nothing gets through between these groups of peers, until `heal`.

        Whoever is in none of the groups is in one more.
        """
        sides = [[self._process(who) for who in group] for group in groups]
        self._did("partition", *([process.name for process in side] for side in sides))
        self._stage.partition(*sides)

    def heal(self) -> None:
        """Every partition is over, and everybody who stood still goes on."""
        self._did("heal")
        self._stage.heal()

    # --- what takes time ---

    async def join(self, name: str | None = None) -> Peer:
        """A newcomer joins, and has its player when this returns."""
        name = name or next(each for each in NAMES if each not in self._names())
        self._did("join", name)
        return await self._seat(self._join(name, None))

    async def restart(self, who: Who) -> Peer:
        """A peer that was killed is started again, with its key; it gets its player back."""
        old = self._process(who)
        if old.alive and old.core.state is not State.LEFT:
            raise LocalProtocolError(f"{old.name} runs: kill it before it can be started again")
        self._did("restart", old.name)
        return await self._seat(self._join(old.name, old.key))

    async def leave(self, who: Who) -> None:
        """A peer leaves on purpose, and gives up its player."""
        process = self._process(who)
        if process.paused or not process.alive:
            state = "stands still" if process.alive else "does not run"
            raise LocalProtocolError(f"{process.name} {state}, so it can't leave")
        self._did("leave", process.name)
        self._stage.leave(process)
        await process.ended.wait()

    async def hand_over(self, to: Who | None = None) -> None:
        """The host makes another peer the host."""
        target = None if to is None else self._process(to)
        self._did("hand_over", *([] if target is None else [target.name]))
        await self._stage.hand_over(target)

    async def sleep(self, seconds: float) -> None:
        """Let virtual time go by."""
        self._did("sleep", seconds)
        await trio.sleep(seconds)
        self._raise_failures()

    async def until_there_is_a_host(self, but: Peer | None = None) -> None:
        """Wait until somebody hosts, other than `but`, and everybody who can follows; or 5 s."""

        def there_is() -> bool:
            host = self._stage.host
            if host is None or host.paused or host.peer is but:
                return False
            others = [p for p in self._stage.members if not p.paused and p.peer is not but]
            return all(p.core.epoch == host.core.epoch for p in others)

        with trio.move_on_after(_PATIENCE_S):
            await self._stage.clock.wait_until(there_is)
        self._raise_failures()

    async def settle(self) -> None:
        """Wait until the game goes on everywhere, and all commands are answered. Then `check`.

        Raises Stuck if that does not come about.
        """
        if self.on_settle is not None:
            await self.on_settle()
        self._did("settle")
        await self._settle()
        self.check()

    async def finish(self) -> None:
        """The end of a story: all is healed, the world settles, and what there is is checked."""
        self._is_quiet = True
        try:
            if self.on_settle is not None:
                await self.on_settle()
            self._stage.heal()
            await self._settle()
            self.check()
        finally:
            self._is_quiet = False

    # --- checking ---

    def check(self) -> None:
        """Look for mistakes of the game's code, and whether its invariants hold on the host.

        Raises MistakesFound or InvariantBroken, or what else an invariant raises.
        """
        if self._is_whole() and self._stage.is_settled():
            self._watch.note(look_at_rest(self.peers, self.host))
            self._watch.at_rest(self.host.world, [client.world for client in self.clients])
        self._raise_mistakes()
        self.check_invariants()

    def check_invariants(self) -> None:
        """Raises InvariantBroken, if there is a host that invariants can be checked on."""
        if not self.has_host:
            return
        for invariant in self.invariants:
            text, cause = "", None
            try:
                if invariant(self) is not False:
                    continue
            except AssertionError as error:
                last = traceback.extract_tb(error.__traceback__)[-1].line
                text, cause = f": {str(error) or last}", error
            self._raise_mistakes()
            raise InvariantBroken(f"{invariant.__name__} does not hold{text}") from cause

    # --- inside ---

    async def begin(self, peers: int) -> None:
        """So many peers, the first of them the host."""
        first = self._stage.open_session(peer_name(0))
        self._watched(first)
        await self._seat(first)
        for number in range(1, peers):
            await self._seat(self._join(peer_name(number), None))
        self._started = peers
        await self._settle()

    def _join(self, name: str, key: bytes | None) -> TrioPeer:
        via = next(iter(self._stage.members), None)
        if via is None:
            raise LocalProtocolError("nobody is left who could be asked for a seat")
        return self._watched(self._stage.join(self._stage.host or via, name, key=key))

    def _watched(self, process: TrioPeer) -> TrioPeer:
        watch_world(process.peer.world, self._watch, process.name)
        return process

    async def _seat(self, process: TrioPeer) -> Peer:
        try:
            await self._stage.seated(process)
        except GameError:
            self._raise_failures()
            raise
        return process.peer

    async def _settle(self) -> None:
        clock = self._stage.clock
        try:
            if self._is_whole():
                await self._stage.settle()
            else:
                await self._settle_apart()
            await trio.sleep(_REST_S)
            patience_s = _RECEIPTS_S if self._is_whole() else _APART_S
            with trio.move_on_after(patience_s) as scope:
                await clock.wait_until(lambda: not self._open_calls())
            if self._is_whole():
                await self._stage.settle()
        except GameError:
            self._raise_failures()
            raise
        self._raise_failures()
        if scope.cancelled_caught and self._is_whole():
            lost = ", ".join(f"{call.command} of {call.who}" for call in self._open_calls())
            raise Stuck(f"no receipt after {_RECEIPTS_S:g} virtual seconds: {lost}")

    async def _settle_apart(self) -> None:
        """As far as it goes while some stand still or are cut off: give them time."""
        settings = self._stage.settings
        await trio.sleep(4 * settings.red_us / 1_000_000 + 2)

    def _is_back(self, who: Who) -> bool:
        """Whether a peer plays; or nobody will start it again, so there is nothing to wait for."""
        process = self._process(who)
        plays = process in self._stage.members and process.peer.player is not None
        return plays or self.on_settle is None

    async def until_it_can_go(self, who: Who) -> None:
        """Wait until no command of this peer waits for its receipt; or 5 s."""
        shell = self._process(who).shell
        with trio.move_on_after(_PATIENCE_S):
            await self._stage.clock.wait_until(lambda: not (shell.in_flight or len(shell.inbox)))

    def _open_calls(self) -> list[Call]:
        """Commands whose caller still waits."""
        return [call for call in self.calls if not call.receipt.done]

    def _raise_failures(self) -> None:
        """Raise what threw a peer out of the game, as a mistake if it is a known one."""
        for process in self._stage.peers:
            if isinstance(process.failure, GameError):
                self._raise_mistakes()
                raise process.failure

    def _raise_mistakes(self) -> None:
        """What was found says why something does not hold, and goes before it."""
        found = self._watch.mistakes()
        if found:
            raise MistakesFound(found) from None

    def _did(self, verb: str, *args: Any, named: Any = None, cls: str = "") -> None:
        if not self._is_quiet:
            self._steps.append(Step(verb, args, named or {}, cls))


@asynccontextmanager
async def open_game_world(
    game: Game,
    peers: int,
    *,
    seed: int = 0,
    settings: Settings | None = None,
    invariants: Sequence[Invariant] = (),
    local: Iterable[str] = (),
    watch: Callable[[WatchedWorld], None] | None = None,
) -> AsyncIterator[GameWorld]:
    """A world with so many peers that play, inside a run of `reproducible.run`.

    `watch` gets what the world stands on, before anything happens.
    """
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, VirtualClock), "a world lives in a run of reproducible.run"
    kind = TrioWorld if watch is None else WatchedWorld
    stage = kind(game, seed=seed, settings=settings, delay_us=_DELAY_US, clock=clock)
    if watch is not None and isinstance(stage, WatchedWorld):
        watch(stage)
    mistakes, backup = Watch(frozenset(local)), Backup(game)
    world = GameWorld(stage, mistakes, invariants)
    try:
        async with stage.living():
            await world.begin(peers)
            yield world
    finally:
        backup.put_back(mistakes.shared_variables)
