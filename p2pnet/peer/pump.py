"""The one place that calls the core: input in batches, one wake, one flush, then the effects.

Nothing in here waits but for input or for the core's next deadline, so a step of the core and all
that it asks for is one piece to every other task.

Most frames are heartbeats, and nothing comes of nearly all of them. So that no task has to wake for
those, a heartbeat that finds nothing waiting is fed in the moment in which it arrives. If anything
does come of it, it is the task of the pump that performs it, as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import trio

from ..core.effects import CloseLink, Effect, Send
from ..core.errors import GameCodeError, GameError
from ..core.peer import PeerCore
from ..core.states import State
from ..links.base import background_nursery
from .inbox import Inbox
from .inputs import Input
from .machine import Machine

_BATCH_MAX: Final = 256  # inputs fed before effects are performed; others wait that long at most
_GATHERING_PASSES_MAX: Final = 16  # a few hundred microseconds at most

Performers = Mapping[type[Effect], Callable[[Any], None]]
"""Who carries out which effect."""


class Pump:
    """Feeds one core and performs what it asks for."""

    def __init__(
        self,
        core: PeerCore,
        inbox: Inbox,
        performers: Performers,
        finish_batch: Callable[[], None],
        machine: Machine,
        observe: Callable[[int], None] = lambda now: None,
        begin_batch: Callable[[int], None] = lambda now: None,
    ) -> None:
        """`observe` is called with the time before anything is fed. `begin_batch` is called before
        each batch, not for a heartbeat that is fed at once; `finish_batch` after its effects.
        """
        self._core = core
        self._inbox = inbox
        self._performers = performers
        self._finish_batch = finish_batch
        self._machine = machine
        self._observe = observe
        self._begin_batch = begin_batch
        self._alarm = machine.alarm(inbox.ring)
        self._now = 0
        self._wake: int | None = None
        self._raised: Exception | None = None  # by what was fed outside of the task

    async def run(self, first: Input) -> None:
        """Feed `first`, then what comes, until the core has left the session.

        Raises GameError for anything that is raised inside. That is the game's code, since nothing
        that other peers do raises here.
        """
        async with background_nursery() as nursery:
            nursery.start_soon(self._alarm.run)
            self._step([first])
            self._inbox.at_once = self._take_heartbeat
            try:
                while self._core.state is not State.LEFT:
                    await self._gather()
                    self._step(self._inbox.take(_BATCH_MAX))
            finally:
                self._inbox.at_once = None

    def say_last_word(self, text: str) -> None:
        """The game raised, and this peer ends: tell the others, and nobody here any more."""
        self._core.take_effects()
        self._core.crash(self._now, text)
        for effect in self._core.take_effects():
            if isinstance(effect, Send | CloseLink):
                self._performers[type(effect)](effect)

    async def _gather(self) -> None:
        """Wait for input or the deadline; as the host for more frames too, if they keep coming.

        A link gives one frame in each pass of the scheduler, however many have arrived. What a host
        is fed together goes out as one update, so a short wait saves more time than it takes.
        """
        await self._inbox.wait()
        if self._core.state is State.REIGNING and self._inbox.has_frames:
            for _ in range(_GATHERING_PASSES_MAX):
                waiting = len(self._inbox)
                await trio.lowlevel.checkpoint()
                if len(self._inbox) == waiting:
                    break
        await self._machine.awake()

    def _take_heartbeat(self, item: Input) -> bool:
        if not self._machine.is_awake:
            return False
        self._now = now = max(self._now, self._machine.now_us())
        try:
            self._observe(now)
            item.feed(self._core, now)
        except Exception as error:  # noqa: BLE001  # raised by the task, not by whose link it is
            self._raised = error
        if self._raised is not None or self._core.has_effects:
            self._inbox.ring()
        return True

    def _step(self, batch: list[Input]) -> None:
        self._now = now = max(self._now, self._machine.now_us())
        fed = 0
        try:
            if self._raised is not None:
                raise self._raised
            self._observe(now)
            self._begin_batch(now)
            for fed, item in enumerate(batch):  # noqa: B007  # how far it got
                item.feed(self._core, now)
            if self._wake is not None and now >= self._wake:
                self._core.wake(now)
            elif self._is_idle(batch):
                return
            self._core.flush(now)
            while effects := self._core.take_effects():
                for effect in effects:
                    self._performers[type(effect)](effect)
            self._finish_batch()
        except GameCodeError as error:
            self._inbox.put_back(batch[fed:])
            alone = len(error.errors) == 1
            raise GameError(f"the game raised {error}") from (error.errors[0] if alone else error)
        except Exception as error:
            self._inbox.put_back(batch[fed:])
            raise GameError(f"this peer can't go on: {error!r}") from error
        wake = self._core.next_wake()
        if wake != self._wake or not self._alarm.is_set:
            self._wake = wake
            self._alarm.set(self._machine.deadline_s(wake))

    def _is_idle(self, batch: list[Input]) -> bool:
        """Whether this was only heartbeats, as most input is, and nothing has come of them.

        Then nothing will: they change no more than when somebody was heard last, and that only
        moves what the core has to be woken for to a later time.
        """
        if not batch or self._core.has_effects:
            return False
        if self._wake is not None and not self._alarm.is_set:
            return False  # it went off before its time
        return all(item.is_heartbeat for item in batch)
