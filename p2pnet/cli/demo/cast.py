"""The processes of the demo: start them, listen, ask, wait for what they do, and end them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import attrs
import trio

from ..complaints import Complaint
from .child import Child
from .evidence import Evidence, Record, Run

_NS_PER_MS: Final = 1e6


class GaveUp(Complaint):
    """Something that the script needs did not happen."""


class Audience(Protocol):
    """Whoever watches."""

    def step(self, text: str) -> None:
        """The script goes on to its next step."""

    def news(self, run: Run, record: Record) -> None:
        """A peer told something, or something was done to it."""


@attrs.define(eq=False)
class Cast:
    """The processes, by run. `nursery` is where they live."""

    nursery: trio.Nursery
    audience: Audience
    evidence: Evidence = attrs.field(factory=Evidence)
    children: dict[Run, Child] = attrs.field(factory=dict)
    names: dict[str, str] = attrs.field(factory=dict)  # of peers, by their ids
    program: tuple[str, ...] = (sys.executable, "-m", "p2pnet")
    prefixes: dict[str, tuple[str, ...]] = attrs.field(factory=dict)  # of commands, by peer
    patience_s: float = 10.0
    _t0_ns: int = attrs.field(factory=time.monotonic_ns)
    _changed: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot)
    _is_ending: bool = False

    def now_ms(self) -> float:
        """The time on the clock that the peers print."""
        return (time.monotonic_ns() - self._t0_ns) / _NS_PER_MS

    # --- processes ---

    async def start(self, peer: str, *arguments: str) -> tuple[Run, Record]:
        """Start a process of this peer; the run, and its "ready"."""
        number = 1 + sum(run.peer == peer for run in self.children)
        run = Run(peer, number)
        hidden = ("--json", "--exit-on-eof", "--t0", str(self._t0_ns), "--name", peer)
        prefix = self.prefixes.get(peer, ())
        child = self.children[run] = Child(run, [*prefix, *self.program, *arguments, *hidden])
        await self.nursery.start(self._serve, child)
        await self.until(f"{run} to be ready", lambda: self.evidence.first(run, "ready"))
        ready = self.evidence.first(run, "ready")
        assert ready is not None
        return run, ready

    async def _serve(
        self, child: Child, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        await child.serve(self._take, task_status=task_status)
        self._changed.unpark_all()
        if not child.was_killed and not self._is_ending:
            words = child.complaints[-1] if child.complaints else "it said nothing"
            raise Complaint(f"{child.run} ended with status {child.exit_status}: {words}")

    def _take(self, child: Child, record: Record) -> None:
        if "who" in record and "name" in record:
            self.names[record["who"]] = record["name"]
        if self.evidence.take(child.run, record):
            self.audience.news(child.run, record)
        self._changed.unpark_all()

    def freeze(self, run: Run) -> None:
        """Let a process stand still, as if its machine had stalled."""
        self.children[run].freeze()
        self._note(run, "frozen", self.now_ms())

    def thaw(self, run: Run) -> None:
        """Let a process go on that stood still."""
        self.children[run].thaw()
        self._note(run, "thawed", self.now_ms())

    def kill(self, run: Run) -> float:
        """SIGKILL. Returns when."""
        self.evidence.died |= {run}
        killed_ms = self.now_ms()
        self.children[run].kill()
        self._note(run, "killed", killed_ms)
        return killed_ms

    def _note(self, run: Run, event: str, t_ms: float) -> None:
        self.audience.news(run, {"t_ms": t_ms, "peer": run.peer, "event": event})

    async def end(self, host: Run) -> None:
        """The host ends the session, and everybody goes."""
        self._is_ending = True
        await self.children[host].send(end=True)
        await self.until(
            "everybody to end",
            lambda: all(child.exit_status is not None for child in self.children.values()),
        )

    # --- waiting ---

    async def until(self, what: str, condition: Callable[[], object]) -> None:
        """Wait until `condition` gives something true. It is asked after each line of a peer.

        Raises `GaveUp` if that takes far too long.
        """
        with trio.move_on_after(self.patience_s):
            while not condition():
                await self._changed.park()
            return
        raise GaveUp(f"gave up after {self.patience_s:.0f} s of waiting for {what}")

    async def look(self) -> None:
        """Ask all that are alive how they are; `evidence.statuses` will have it."""
        for child in list(self.children.values()):
            if child.is_alive:
                await child.ask(status=True)

    def living(self) -> tuple[Run, ...]:
        """Those that can still be asked."""
        return tuple(run for run, child in self.children.items() if child.is_alive)

    async def dumps(self, runs: Iterable[Run]) -> dict[Run, Record]:
        """The state of these peers, as they have it now."""
        asked = {run: await self.children[run].ask(dump=True) for run in runs}
        keys = asked.items()
        await self.until(
            f"the state of {', '.join(map(str, asked))}",
            lambda: all(key in self.evidence.dumps for key in keys),
        )
        return {run: self.evidence.dumps[run, request] for run, request in keys}

    async def equal_dumps(self, runs: tuple[Run, ...]) -> dict[Run, Record]:
        """The state of these peers once all are at one position of the history.

        Raises `GaveUp` if they never are.
        """
        with trio.move_on_after(self.patience_s):
            while True:
                dumps = await self.dumps(runs)
                if len({dump["position"] for dump in dumps.values()}) == 1:
                    return dumps
        raise GaveUp(
            f"gave up after {self.patience_s:.0f} s of waiting for all to be at one position"
        )
