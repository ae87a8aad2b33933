"""The role of a peer as a nursery: it holds what a host does or what a client does, never both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from ..core.errors import GameError
from ..core.states import Role
from .inbox import Inbox
from .inputs import Input, Tick
from .machine import Machine

RoleTask = Callable[[], Awaitable[None]]
"""What the game wants to have running while this peer has a role."""


class Roles:
    """Runs the tasks of one role at a time. Those of the old role end before the new ones begin."""

    def __init__(
        self,
        inbox: Inbox,
        tick_hz: float,
        tasks: dict[Role, RoleTask],
        machine: Machine,
        client_tick: Input | None = None,
    ) -> None:
        """`client_tick` is what a client is to do with each tick, if anything."""
        self._inbox = inbox
        self._machine = machine
        self._ticks: Final[dict[Role, Input | None]] = {
            Role.HOST: Tick(),
            Role.CLIENT: client_tick,
        }
        self._period_s: Final = 1 / tick_hz
        self._tasks = tasks
        self._role: Role | None = None
        self._scope = trio.CancelScope()

    def take(self, role: Role | None) -> None:
        """Cancel what belongs to the old role, and begin what belongs to this one."""
        self._role = role
        self._scope.cancel()

    async def run(self) -> None:
        """Hold the role nursery, until cancelled. Raises GameError for what a task raises."""
        while True:
            self._scope = trio.CancelScope()
            with self._scope:
                async with trio.open_nursery() as nursery:
                    tick = None if self._role is None else self._ticks[self._role]
                    if tick is not None:
                        nursery.start_soon(self._tick, tick)
                    if self._role is not None and self._role in self._tasks:
                        nursery.start_soon(self._run_task, self._role)
                    await trio.sleep_forever()

    async def _tick(self, tick: Input) -> None:
        """Ticks at even distances. Those missed are left out: the next one covers their time."""
        due = trio.current_time()
        while True:
            due += self._period_s
            late = trio.current_time() - due
            if late >= 0:
                due += self._period_s * (late // self._period_s + 1)
            await self._machine.tick(due)
            self._inbox.put_nowait(tick)

    async def _run_task(self, role: Role) -> None:
        try:
            await self._tasks[role]()
        except Exception as error:
            raise GameError(f"the {role.value} task of the game raised {error!r}") from error
