"""Runs of trio that go on only while somebody drives them, from ordinary functions.

Between two steps everything in such a run stands still, in the middle of whatever it was doing. So
the rules of a Hypothesis machine can be plain functions, and an invariant sees a still picture.

Trio's guest mode does it: the run hands over what it wants called next, and here that waits in a
queue until it is driven. Since time is virtual, trio never has to wait for anything in a thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any, TypeVar

import trio
from outcome import Error, Outcome, Value

from .reproducible import LIMIT_S, bury, seeded
from .virtual_clock import Stuck, VirtualClock

T = TypeVar("T")


class Guest:
    """One run. A context: it begins where that is entered, and is called off at its end."""

    def __init__(self, seed: int = 0, limit_s: float = LIMIT_S) -> None:
        self.clock = VirtualClock(limit_s)
        self._seed = seed
        self._queue: deque[Callable[[], object]] = deque()
        self._nursery: trio.Nursery | None = None
        self._outcome: Outcome[None] | None = None
        self._cleanup = ExitStack()

    def __enter__(self) -> Guest:
        self._cleanup.enter_context(seeded(self._seed))
        trio.lowlevel.start_guest_run(
            self._hold,
            run_sync_soon_threadsafe=self._queue.append,
            done_callback=self._finish,
            host_uses_signal_set_wakeup_fd=True,
            clock=self.clock,
        )
        self._drive(lambda: self._nursery is not None)
        return self

    def __exit__(self, *details: object) -> None:
        """Call everything off, and see it end. Raises what a task has raised.

        Raises Stuck for tasks that can't be called off.
        """
        with self._cleanup:
            if self._outcome is None and self._nursery is not None:
                self.clock.hold_us = None
                self.clock.limit_soon()
                self._nursery.cancel_scope.cancel()
                self._drive(lambda: self._outcome is not None)
        self._unwrap()

    async def _hold(self) -> None:
        async with trio.open_nursery() as nursery:
            self.clock.on_stuck.append(nursery.cancel_scope.cancel)
            self._nursery = nursery
            await trio.sleep_forever()

    def _finish(self, outcome: Outcome[None]) -> None:
        self._outcome = outcome

    # --- driving ---

    def call(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run a coroutine to its end, and everything else meanwhile. Raises what it raises."""
        results: list[Outcome[T]] = []

        async def job() -> None:
            try:
                results.append(Value(await function(*args)))
            except Exception as error:  # noqa: BLE001  # raised where it was called from
                results.append(Error(error))

        self._check()
        assert self._nursery is not None
        self._nursery.start_soon(job)
        self.clock.hold_us = None
        self._drive_until(lambda: bool(results))
        return results[0].unwrap()

    def start(self, function: Callable[..., Awaitable[object]]) -> None:
        """Start a task that goes on for as long as this run does, and wait until it has started."""

        async def begin() -> None:
            assert self._nursery is not None
            await self._nursery.start(function)

        self.call(begin)

    def run_until(self, at_us: int) -> None:
        """Let everything happen that happens until then."""
        self._hold_at(at_us)
        self._drive(lambda: self.clock.is_held)

    def run_for(self, us: int) -> None:
        self.run_until(self.clock.now_us + us)

    def run_while(self, busy: Callable[[], bool], limit_us: int = 20_000_000) -> bool:
        """Go on as long as `busy()`; False if that is still so when the limit is reached.

        It is asked once all that happens at an instant has happened.
        """
        self._hold_at(self.clock.now_us + limit_us)
        self._drive_until(lambda: not busy())
        return not busy()

    def _drive_until(self, holds: Callable[[], bool]) -> None:
        """Drive until this is so when nobody has anything to do, or time is held anyway."""
        self.clock.is_held = False
        self.clock.hold_when = holds
        try:
            self._drive(lambda: self.clock.is_held)
        finally:
            self.clock.hold_when = None

    def _hold_at(self, at_us: int) -> None:
        self._check()
        self.clock.hold_us = at_us
        self.clock.is_held = False

    def _drive(self, is_enough: Callable[[], bool]) -> None:
        """Take one step of the run after another. Raises what a task has raised."""
        while not is_enough():
            self._check()
            self._queue.popleft()()

    def _check(self) -> None:
        """Raise what has ended this run, if anything has."""
        if self._outcome is not None:
            self._unwrap()
            raise Stuck("this run is over")

    def _unwrap(self) -> None:
        """Raise what the run has raised. Stuck goes before what came of that."""
        error = self._outcome.error if isinstance(self._outcome, Error) else None
        failure = self.clock.failure
        if failure is None:
            if error is not None:
                raise error
            return
        if isinstance(error, trio.TrioInternalError):
            self._outcome = error = None
            self._queue.clear()
            self._nursery = None
            bury(self.clock)
        raise failure from error
