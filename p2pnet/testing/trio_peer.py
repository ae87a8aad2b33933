"""One real peer in a simulated world: its process, and the machine that it runs on."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from functools import partial

import attrs
import trio

from p2pnet.core.peer import PeerCore
from p2pnet.core.states import State
from p2pnet.links.base import US_PER_S
from p2pnet.peer.alarm import Alarm
from p2pnet.peer.bell import Bell
from p2pnet.peer.machine import Machine
from p2pnet.peer.opening import PeerTask, hold
from p2pnet.peer.peer import Peer
from p2pnet.peer.shell import Shell

from .sim_peer import SimPeer
from .standstill import Standstill
from .virtual_clock import VirtualClock


@attrs.define(eq=False, kw_only=True)
class TrioPeer(SimPeer):
    """A process with a real peer in it."""

    peer: Peer
    shell: SimShell
    host_task: PeerTask | None = None
    client_task: PeerTask | None = None
    failure: BaseException | None = None
    """What ended it, if it was not killed and did not leave."""

    ticks: int = 0
    """How often its game clock has ticked."""

    ended: trio.Event = attrs.field(factory=trio.Event)
    """Set when nothing of it is left."""

    standstill: Standstill
    """Of the world that it runs in."""

    _task: trio.lowlevel.Task | None = None
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    async def live(self, enter: Callable[[Peer], Awaitable[object]]) -> None:
        """Run the process until it is killed, or out of the session."""
        self._task = trio.lowlevel.current_task()
        if self.paused:
            self.stand_still()
        try:
            with self._scope:
                async with hold(self.peer, self.host_task, self.client_task) as peer:
                    await enter(peer)
                    await self.shell.stopped.wait()
        except Exception as error:  # noqa: BLE001  # it is for those who look at this world
            self.failure = error
        finally:
            if self.core.state is not State.LEFT:
                self.alive = False  # it had no time left to say good-bye
            self.ended.set()

    def stand_still(self) -> None:
        """None of its tasks runs until `go_on`."""
        self.paused = True
        if self._task is not None and not self.ended.is_set():
            self.standstill.begin(self._task)

    def go_on(self) -> None:
        """Its tasks run again, and find out what has happened meanwhile."""
        self.paused = False
        if self._task is not None:
            self.standstill.end(self._task)

    def die(self) -> None:
        """The process is gone from one moment to the next."""
        self.shell.die()
        self._scope.cancel()
        self.go_on()  # to its end


@attrs.define(eq=False)
class SimShell(Shell):
    """A shell whose core is there from the beginning, so that a process always has one."""

    first_core: PeerCore = attrs.field(init=False)

    def build(self, address: str) -> PeerCore:
        """Make the core of a peer that will listen there."""
        self.first_core = Shell.make_core(self, (address,))
        return self.first_core

    def make_core(self, addresses: tuple[str, ...]) -> PeerCore:
        return self.first_core


@attrs.define(eq=False)
class SimMachine(Machine):
    """A machine of its own for one process. What is wrong with it is said by the process."""

    clock: VirtualClock
    dice: random.Random
    lids: Lids
    process: TrioPeer = attrs.field(init=False)

    def entropy(self, count: int) -> bytes:
        return self.dice.randbytes(count)

    def now_us(self) -> int:
        return self.process.clock.at(self.clock.now_us)

    def deadline_s(self, at_us: int | None) -> float:
        if at_us is None:
            return math.inf
        late_us = self.process.late_timers_us
        late_us = self.dice.randrange(late_us) if late_us else 0
        return (self.process.clock.world_at(at_us) + late_us) / US_PER_S

    def alarm(self, ring: Callable[[], None]) -> Alarm:
        return SimAlarm(ring, self.clock)

    async def tick(self, at_s: float) -> None:
        bell = Bell()
        self.clock.at(max(self.clock.now_us, round(at_s * US_PER_S)), bell.ring)
        await bell.wait()
        while self.lids.stop_ticks:
            await self.lids.opened.park()
        self.process.ticks += 1

    @property
    def is_awake(self) -> bool:
        return not self.process.slow_us and not self.process.paused

    async def awake(self) -> None:
        if self.process.slow_us:
            await trio.sleep(self.process.slow_us / US_PER_S)
        if not self.process.alive:
            await trio.sleep_forever()  # it was killed while it stood still, and does nothing more


class SimAlarm(Alarm):
    """Is woken by the clock of the world itself, as what arrives is: a task costs far more."""

    def __init__(self, ring: Callable[[], None], clock: VirtualClock) -> None:
        super().__init__(ring)
        self._clock = clock

    def _move(self, off_s: float) -> None:
        at_us = max(self._clock.now_us, round(off_s * US_PER_S))
        self._clock.at(at_us, partial(self._on_time, off_s))

    def _on_time(self, off_s: float) -> None:
        if off_s != self._off_s:
            return  # it was set for an earlier time after that, and has gone off
        self._go_off()
        if self._off_s != math.inf:
            self._move(self._off_s)

    async def run(self) -> None:
        """Nothing is to be done for it."""
        await trio.lowlevel.checkpoint()


@attrs.define(eq=False)
class Lids:
    """What keeps the machines of one world from going on."""

    stop_ticks: bool = False
    """The game clocks of all stand still."""

    opened: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)
    """Who stands still waits here, and looks again whenever it is woken."""
