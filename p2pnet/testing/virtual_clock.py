"""Virtual time for trio: it stands while anybody has something to do, then jumps to what is next.

What is next is the deadline of a task or an entry of the clock's own heap. The heap is for what
is under way in a simulated network: it costs no task and no pass of the scheduler, which is where
most of the time of such a simulation would go. Its entries are in whole microseconds, and those for
one instant are done in the order in which they were planned.

A run that can't go on is a failure and not a hang. There are three ways: nothing is left that could
ever happen; the time that it was given is over; tasks keep one another busy and time stands still.
In each case the clock says so, once, to whom it may concern, and who does not listen is stopped.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

import attrs
import trio

from .scheduler import Agenda

US_PER_S: Final = 1_000_000
_LOOKS_MAX: Final = 20_000
"""So often somebody may look at the clock at one instant: trio does each time its scheduler goes
round, and so does whoever sets a limit of time. A busy session needs a few hundred."""

_DUE_MAX: Final = 100
"""So many entries are done in one pass, so that one that plans itself again is noticed."""

_INSTANTS_MAX: Final = 1_000
"""So many instants go by without a pass of the scheduler, which sees to signals, for one."""

_IDLE_PASSES_MAX: Final = 100
_LONG_S: Final = 1e9
_GRACE_S: Final = 60.0
"""Virtual time to come to an end in, after all was called off."""


class Stuck(Exception):
    """A run that can't go on, or does not come to its end. The text says who waits where."""


@attrs.define(eq=False)
class _Wait:
    """Somebody waits for something that shows when nobody has anything to do."""

    holds: Callable[[], bool]
    event: trio.Event = attrs.field(factory=trio.Event)


class VirtualClock(trio.abc.Clock):
    """Hand it to `trio.run`, and to the network that it drives.

    It does what a `MockClock` with a threshold of zero does (which can't be subclassed).
    """

    def __init__(self, limit_s: float = math.inf) -> None:
        self.now_us = 0
        self.limit_s = limit_s
        self.on_stuck: list[Callable[[], None]] = []
        """Called once if the run can't go on: call off what can be called off."""
        self.failure: Stuck | None = None
        self.hold_us: int | None = None
        """Time does not go on from here for now; for who drives a run step by step."""
        self.hold_when: Callable[[], bool] | None = None
        """Nor does it as soon as this is so, once all that happens at an instant has happened."""
        self.is_held = False
        """Time would have to go on, and does not for now."""
        self._seconds = 0.0
        self._agenda: Agenda | None = None
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._waits: list[_Wait] = []
        self._looks = self._idle_passes = 0
        self._stops_everything = False

    # --- what simulations use ---

    def after(self, delay_us: int, do: Callable[[], None]) -> None:
        """Have a thing done after so many microseconds. It must not wait for anything."""
        heappush(self._heap, (self.now_us + delay_us, next(self._order), do))

    def at(self, at_us: int, do: Callable[[], None]) -> None:
        """Have a thing done at a time that has not gone by."""
        heappush(self._heap, (at_us, next(self._order), do))

    @property
    def now(self) -> int:
        """As `now_us`, for what is built on a `Time`."""
        return self.now_us

    async def wait_until(self, holds: Callable[[], bool]) -> None:
        """Until this is so. It is asked for at each instant, once all that happens has happened."""
        await trio.lowlevel.checkpoint()
        if not holds():
            wait = _Wait(holds)
            self._waits.append(wait)
            try:
                await wait.event.wait()
            finally:
                self._waits.remove(wait)

    # --- what trio uses ---

    def current_time(self) -> float:
        self._looks += 1
        if self._looks > _LOOKS_MAX:
            self._looks = 0
            self.give_up(f"time stands still at {self._seconds:.6f} s while tasks keep busy")
        if self._stops_everything and self.failure is not None:
            raise self.failure
        return self._seconds

    def start_clock(self) -> None:
        """It stands until somebody waits."""
        self._agenda = Agenda()

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Trio asks for this when no task has anything to do: go on to what happens next.

        Most of what arrives in a network wakes nobody. So time goes on here until somebody has
        something to do: a pass of the scheduler in which there is nothing would cost far more.
        """
        if deadline <= self._seconds:
            return 0
        agenda = self._agenda
        assert agenda is not None
        if agenda.somebody_waits_for_idleness():
            return _LONG_S
        for _ in range(_INSTANTS_MAX):
            if not self._goes_on(deadline):
                break
            deadline = agenda.next_deadline()
            if deadline <= self._seconds:
                break
        return 0

    def _goes_on(self, deadline: float) -> bool:
        """Go on to the next instant, unless somebody wants to have a look before that."""
        if self.hold_when is not None and self.hold_when():
            self.is_held = True
            return False
        if self._waits and self._end_a_wait():
            return False
        next_s = self._heap[0][0] / US_PER_S if self._heap else math.inf
        return self._jump(next_s if next_s < deadline else deadline)

    def _end_a_wait(self) -> bool:
        """Whether what somebody waits for has come true."""
        for wait in self._waits:
            if not wait.event.is_set() and wait.holds():
                wait.event.set()
                return True
        return False

    def _jump(self, next_s: float) -> bool:
        """Whether time has gone on, and all that was due then is done."""
        if self.hold_us is not None and next_s > self.hold_us / US_PER_S:
            self._go_to(self.hold_us / US_PER_S)
            self.is_held = True
        elif next_s == math.inf:
            # Trio itself may have a wake-up under way, which comes with one of the next passes.
            self._idle_passes += 1
            if self._idle_passes > _IDLE_PASSES_MAX:
                self._idle_passes = 0
                self.give_up("nothing can happen any more")
        elif next_s > self.limit_s:
            self.give_up(f"not done after {self.limit_s:g} virtual seconds")
            self.limit_s += _GRACE_S
        else:
            self._go_to(next_s)
            return self._do_what_is_due()
        return False

    def _go_to(self, seconds: float) -> None:
        if seconds > self._seconds:
            self._seconds = seconds
            now_us = round(seconds * US_PER_S)
            if now_us > self.now_us:
                self.now_us = now_us
            self._looks = self._idle_passes = 0

    def _do_what_is_due(self) -> bool:
        """Whether that was all of it."""
        heap, at_us = self._heap, self.now_us
        for _ in range(_DUE_MAX):
            if not heap or heap[0][0] > at_us:
                return True
            _, _, do = heappop(heap)
            do()
        return False

    # --- the end of patience ---

    def limit_soon(self) -> None:
        """Everything is called off: it has some virtual time to come to its end, and no more."""
        self.limit_s = min(self.limit_s, self._seconds + _GRACE_S)

    def forget_run(self) -> None:
        """Hold nothing of a run that is over."""
        self.on_stuck.clear()
        self._agenda = None

    def give_up(self, why: str) -> None:
        """Call everything off; the second time, stop it."""
        if self.failure is not None:
            self._stops_everything = True
            return
        self.failure = Stuck(f"{why}\n{tasks_now()}")
        for call_off in self.on_stuck:
            call_off()


def tasks_now() -> str:
    """All tasks of this run and where they wait, one a line."""
    root = trio.lowlevel.current_root_task()
    lines: list[str] = []
    waiting = [] if root is None else [root]
    while waiting:
        task = waiting.pop()
        waiting += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
        lines.append(f"  {task.name}: {_place(task)}")
    return "\n".join(sorted(lines))


def _place(task: trio.lowlevel.Task) -> str:
    """The innermost place in a task that is not trio's own."""
    own = [
        (frame.f_code.co_filename, line)
        for frame, line in task.iter_await_frames()
        if "/trio/" not in frame.f_code.co_filename
    ]
    if not own:
        return "at its beginning"
    path, line = own[-1]
    return f"{'/'.join(path.split('/')[-2:])}:{line}"
