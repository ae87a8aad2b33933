"""What holds one peer together: the session nursery with its pump, its mesh and its role.

The shell decides nothing. It carries input to the core and performs what the core asks for. It
lives in a task of its own that cancellation from outside does not reach, so that a peer that is
cancelled still says good-bye; that takes bounded time, and then it ends in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs
import trio

from ..core.choices import Choices
from ..core.effects import CloseLink, Dial, Emit, Send, Settle, TakeRole
from ..core.errors import (
    CommandLost,
    EndReason,
    GameError,
    LocalProtocolError,
    RemoteError,
    SessionOver,
)
from ..core.events import ApprovalRequested, Event, SessionEnded, WriteRefused
from ..core.peer import PeerCore
from ..core.settings import AckLevel, Settings
from ..core.states import SETTLED, Role, State
from ..core.values import PeerId
from ..links.base import Transport
from ..world.game import Game
from ..world.objects import NetworkObject
from ..world.world import World
from .arrivals import Arrivals
from .authenticator import Authenticator
from .causes import first_cause
from .farewell import Farewell, Guard
from .hook_calls import Hooks
from .identity import Identity
from .inbox import Inbox
from .inputs import ClientTick, Input, Join, KeepSeats, Leave, Submit
from .judging import Door
from .labels import Labels, Processes
from .machine import Machine
from .mesh import Mesh
from .migration import MigrationManager, elected
from .notes import Notes
from .pump import Performers, Pump
from .receipts import Receipt
from .roles import Roles, RoleTask
from .scenes import SceneKeeper, SceneManager
from .session_hooks import End, SessionHooks
from .subscription import Fanout
from .view import View

_ENTROPY_BYTES: Final = 32
_GOODBYE_S: Final = 2.0  # longest time from the wish to leave to the end of everything


@attrs.define(eq=False)
class Shell(View):
    """One peer at work. Everything but `run` is called from other tasks, and is synchronous."""

    core_type: ClassVar[type[PeerCore]] = PeerCore

    game: Game
    name: str
    settings: Settings
    identity: Identity
    transport: Transport
    manager: MigrationManager
    role_tasks: dict[Role, RoleTask]
    machine: Machine = attrs.field(factory=Machine)
    scene_manager: SceneManager = attrs.field(factory=SceneManager)
    can_host: bool = True
    session_hooks: SessionHooks = attrs.field(factory=SessionHooks)
    authenticator: Authenticator | None = None
    bookmark_path: Path | None = None

    world: World = attrs.field(init=False)
    core: PeerCore | None = None
    over: SessionOver | None = None
    failure: BaseException | None = None
    """What ended this peer against its will; for `open_peer` to raise."""

    inbox: Inbox = attrs.field(factory=Inbox)
    fanout: Fanout = attrs.field(factory=Fanout)
    mesh: Mesh = attrs.field(init=False)
    opened: Receipt[None] = attrs.field(factory=Receipt)
    """Settled when there is a seat in a session."""
    stopped: trio.Event = attrs.field(factory=trio.Event)
    """Set when no task of this peer is left."""
    listen_address: str = ""
    """Where this peer listens, as it was given to `host` or `join`."""
    door: Door = attrs.field(init=False)
    notes: Notes = attrs.field(init=False)
    _nursery: trio.Nursery | None = None
    _guard: Guard = attrs.field(init=False)
    _farewell: Farewell = attrs.field(init=False)
    _payload: bytes | None = None  # to go with the request for a first seat
    _ready: trio.Event = attrs.field(factory=trio.Event)
    _is_opening: bool = False
    _first: Input | None = None
    _begun: trio.Event = attrs.field(factory=trio.Event)
    _scope: trio.CancelScope = attrs.field(factory=lambda: trio.CancelScope(shield=True))
    _submitted: dict[int, Submit] = attrs.field(factory=dict)
    scenes: SceneKeeper = attrs.field(init=False)
    _arrivals: Arrivals = attrs.field(init=False)
    _hooks: Hooks = attrs.field(init=False)
    _roles: Roles = attrs.field(init=False)
    _moved: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)

    def __attrs_post_init__(self) -> None:
        self.world = World(self.game, self.identity.peer_id)
        self.world.submit = self.submit
        self.world.connections = Labels(lambda: self.roster)
        self.world.processes = Processes(lambda: self.roster)
        self._arrivals = Arrivals(self.world.scenes.is_ready)
        self.scenes = SceneKeeper(
            *(self.world, self.scene_manager, self.fanout.put),
            *(lambda: self.state in SETTLED, self.check_not_over),
        )
        self.world.on_scenes.append(self.scenes.poke)
        self.world.on_authority.append(self._on_authority)
        self._guard = Guard(self.session_hooks, self.fanout)
        self._farewell = Farewell(self.session_hooks, self.authenticator)
        self.world.on_error = self.guard
        self._hooks = Hooks(self.manager, self, self.session_hooks)
        self.world.players.on_reclaim.append(self._hooks.reclaimed)
        self.door = Door(self.session_hooks, self.authenticator, self.inbox)
        self.notes = Notes(
            *(self, self.fanout, self._guard, self.opened, self.bookmark_path),
            *(lambda: self.mesh.tried, self._judge, self._on_state),
        )
        self.world.on_refused.append(self._on_refused)
        self.world.on_news.append(self.fanout.put)
        self.world.on_graces.append(lambda: self.post(KeepSeats()))
        writes = any(layout.owner_writes for layout in self.game.layouts)
        client_tick = ClientTick(self.world.collect_writes) if writes else None
        self._roles = Roles(
            *(self.inbox, self.game.tick_hz, self.role_tasks, self.machine), client_tick
        )

    # --- what the application wants ---

    async def open(
        self, address: str, port: int, first: Input, payload: bytes | None = None
    ) -> None:
        """Listen, hand `first` to the core as its first input, and wait for a seat.

        `payload` goes with the request for it.
        """
        if self._is_opening or self.core is not None or self.over is not None:
            raise LocalProtocolError("a peer hosts or joins one session, once: open another peer")
        self._is_opening = True
        try:
            await self._ready.wait()
            if isinstance(first, Join):
                payload = await self.door.envelope(first.session, self.me, payload)
            await self.mesh.listen(address, port)
            self.listen_address = address
        finally:
            self._is_opening = False  # so that another port can be tried
        if self._begun.is_set():
            raise SessionOver(EndReason.LEFT, "this peer left before it had joined")
        self._payload = payload
        self._begin(first)
        try:
            await self.opened
        finally:
            if not self.opened.done:
                self.leave_soon()

    def _begin(self, first: Input) -> None:
        self.core = self.make_core(self.mesh.addresses)
        self._first = first
        self._begun.set()

    def make_core(self, addresses: tuple[str, ...]) -> PeerCore:
        """The protocol of a peer that can be dialled there, and is in no session yet."""
        return self.core_type(
            credentials=self.identity,
            entropy=self.machine.entropy(_ENTROPY_BYTES),
            name=self.name,
            addresses=addresses,
            settings=self.settings,
            fingerprint=self.game.fingerprint,
            replica=self.world,
            can_host=self.can_host,
            choices=Choices(
                automatic=self.manager.automatic,
                approves=self.door.is_guarded,
                elect=lambda: elected(self.manager),
                payload=self._payload,
                extra=lambda: self.manager.reconnect_extra,
            ),
        )

    def submit(self, payload: bytes, ack: AckLevel | None) -> Receipt[Any]:
        """Take a command of this peer's own player on its way."""
        if self.core is None and self.over is None:
            raise LocalProtocolError("host or join a session before calling commands")
        receipt: Receipt[Any] = Receipt()
        self.post(Submit(payload, ack, receipt, self._submitted))
        return receipt

    def post(self, item: Input) -> None:
        """Hand something to the pump; void if the session is over."""
        if self.over is not None:
            item.void(self.over)
        else:
            self.inbox.put_nowait(item)

    def leave_soon(self, reason: EndReason = EndReason.LEFT) -> None:
        """Leave as soon as the pump gets to it; without a session there is nothing to wait for."""
        if self.core is None:
            self._begun.set()
        else:
            self.post(Leave(reason))

    def shut(self, first: Input | None = None, reason: EndReason = EndReason.LEFT) -> None:
        """Leave, or go by way of `first`, and be gone in bounded time."""
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + _GOODBYE_S)
        if first is not None:
            self.post(first)
        self.leave_soon(reason)

    def ask_if_last(self, is_last: Callable[[End], bool]) -> None:
        """Another stay may follow this one: then there is no offline scene in between."""
        self._farewell.is_last = is_last

    def hurry(self) -> None:
        """Nobody reads any more that the connection was lost."""
        self._farewell.hurry()

    async def moved(self) -> None:
        """Wait until the state is another one."""
        await self._moved.park()

    def die(self) -> None:
        """End at once and without a word, as a process that is killed."""
        self._scope.cancel()

    async def settled(self) -> None:
        """Wait until this peer plays. Raises SessionOver if it never will."""
        await trio.lowlevel.checkpoint()
        while self.state not in SETTLED:
            self.check_not_over()
            await self._moved.park()

    def check_not_over(self) -> None:
        """Raises SessionOver if the session is over for this peer."""
        if self.over is not None:
            raise self.over.with_traceback(None)

    # --- the session nursery ---

    async def run(self, on_failure: Callable[[], None]) -> None:
        """Hold the session nursery. Never raises: `failure` says what went wrong."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    hooks = self.session_hooks
                    details = self.transport, self.inbox, nursery, self.settings
                    self.mesh = Mesh(*details, hooks, self._guard.judge_in_task)
                    self._nursery = nursery
                    self._farewell.greet()
                    self._ready.set()
                    await self._begun.wait()
                    await self._play(nursery)
                    nursery.cancel_scope.cancel()
        except BaseException as error:  # noqa: BLE001  # it is raised by open_peer
            self.failure = first_cause(error)
            self._crash(self.failure)
            self.hurry()
            on_failure()
        finally:
            self._finish(SessionOver(EndReason.LEFT))
            try:
                await self._farewell.wind_up()
            finally:
                self.failure = self.failure or self._farewell.failure
                self.stopped.set()

    async def _play(self, nursery: trio.Nursery) -> None:
        if self.core is None or self._first is None:
            return  # never in a session
        nursery.start_soon(self._roles.run)
        performers, machine = self._performers(), self.machine
        pump = Pump(
            *(self.core, self.inbox, performers, self._finish_batch, machine),
            *(self.world.observe, self._begin_batch),
        )
        keeping = trio.CancelScope()
        nursery.start_soon(self._keep_scenes, keeping)
        try:
            await pump.run(self._first)
        except GameError as error:
            # The others need not wait for silence, and learn that it was the game.
            pump.say_last_word(str(error))
            self._crash(error)
            with trio.move_on_after(_GOODBYE_S):
                await self.mesh.aclose()
            raise
        keeping.cancel()
        await self.scenes.aclose()
        await self.mesh.aclose()

    async def _keep_scenes(self, scope: trio.CancelScope) -> None:
        with scope:
            await self.scenes.run()

    def _crash(self, cause: BaseException) -> None:
        """The links are cut by now, so that the others migrate. Tell those here."""
        over = SessionOver(EndReason.CRASHED, str(cause))
        over.__cause__ = cause
        self._finish(over)

    def _finish(self, over: SessionOver) -> None:
        """The session is over here: nobody waits for anything any more. The first call counts."""
        if self.over is not None:
            return
        was_in = self.core is not None
        self.over = over
        self.scenes.poke()
        if self.notes.end is None and was_in:
            self.fanout.put(SessionEnded(over.reason, over.text))
        self.opened.fail(over)
        for command in self._submitted.values():
            command.receipt.fail(over)
        self._submitted.clear()
        for item in self.inbox.close():
            item.void(over)
        self.fanout.end()
        self._moved.unpark_all()
        if was_in:
            self._farewell.tell(End(over.reason, over.text), self.notes.stopped_hosting)

    # --- effects ---

    def _performers(self) -> Performers:
        return {
            Send: self.mesh.send,
            Dial: self.mesh.dial,
            CloseLink: self.mesh.close,
            TakeRole: lambda effect: self._roles.take(effect.role),
            Settle: self._settle,
            Emit: self._emit,
        }

    def _settle(self, effect: Settle) -> None:
        command = self._submitted.pop(effect.ticket)
        if effect.outcome is None:
            command.receipt.fail(effect.error or CommandLost("the outcome is not known"))
            return
        try:
            command.receipt.settle(self.world.decode_outcome(command.payload, effect.outcome))
        except RemoteError as error:
            command.receipt.fail(error)

    def _emit(self, effect: Emit) -> None:
        self.notes.take(effect.event)
        if (sifted := self._arrivals.sift(effect.event)) is not None:
            self._tell(sifted)

    def _tell(self, event: Event) -> None:
        self._hooks.call(event)
        self.fanout.put(event)

    def _begin_batch(self, now: int) -> None:
        core = self.core
        if core is not None and core.role is Role.HOST and self.mesh.watch_backlogs():
            core.crowd(now, self.mesh.crowded)

    def _finish_batch(self) -> None:
        for event in self._arrivals.release():
            self._tell(event)
        self._hooks.finish_batch()
        if self.world.fatal is not None:
            raise self.world.fatal
        if self.core is not None and self.core.state is State.LEFT:
            self._finish(self.notes.end or SessionOver(EndReason.LEFT))

    def _judge(self, event: ApprovalRequested) -> None:
        assert self._nursery is not None and self.core is not None and self.core.session is not None
        self._nursery.start_soon(self.door.judge, event, self.core.session)

    def _on_state(self) -> None:
        self.scenes.poke()
        self._moved.unpark_all()

    def _on_refused(self, object_id: int, field: str, text: str) -> None:
        self.fanout.put(WriteRefused(object_id, field, text))

    def _on_authority(self, obj: NetworkObject, old: PeerId | None, new: PeerId | None) -> None:
        for peer, state in ((old, False), (new, True)):
            if peer is not None:
                self._hooks.authority(obj, peer, state)
