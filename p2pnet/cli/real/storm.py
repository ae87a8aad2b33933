"""What is done to the processes, drawn from a seed, while all of them play.

One thing after another: after each the session has to be whole again before the next. So what a
receipt promises at the ack level that is the default has to hold, and any loss is a mistake.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Final

import attrs
import trio

from ..demo.cast import Cast, GaveUp
from ..demo.child import CAN_FREEZE
from ..demo.digging import Digging
from ..demo.evidence import Record, Run
from .wires import Wires

GAME: Final = "p2pnet.cli.demo.game:game"
BEAT_S: Final = 0.2  # each peer submits a command this often
PLAYERS_MIN: Final = 3
PLAYERS_MAX: Final = 16

_SETTLE_S: Final = 40.0
_LOOK_S: Final = 0.05  # how often everybody is asked how it is
_RESULTS: Final = 3  # that each has to have after each blow
_HOLD_S: Final = ((0.1, 0.5), (1.0, 5.0))  # for how long a process stands still, or is cut off
_SEAT_US: Final = 7 * 24 * 3_600_000_000  # nobody is dead for so long that its seat is given up
_ALIVE_MIN: Final = 2  # a game of two goes on
_BACK: Final = ("became_host", "host_changed")


class Blow(enum.StrEnum):
    """Something that is done to processes."""

    KILL_HOST = "kill_host"
    KILL_CLIENT = "kill_client"
    KILL_TWO = "kill_two"  # the host and another one, at once
    STOP_HOST = "stop_host"
    STOP_CLIENT = "stop_client"
    CUT_HOST = "cut_host"
    CUT_CLIENT = "cut_client"
    RESTART = "restart"


CAUSES: Final = {
    Blow.KILL_HOST: "close",
    Blow.KILL_TWO: "close",
    Blow.STOP_HOST: "silence",
    Blow.CUT_HOST: "silence",
}
"""How the others notice that the host is lost."""


Reign = tuple[int, str]
"""The number of its epoch, and the host."""


@attrs.define(eq=False)
class Storm:
    """One run. Leaves all it learns in `cast.evidence`."""

    cast: Cast
    digging: Digging
    wires: Wires
    folder: Path  # for the identities of the peers
    names: tuple[str, ...]
    rng: Random
    blows: Counter[Blow] = attrs.field(factory=Counter)
    pulled: list[tuple[str, float, float]] = attrs.field(factory=list)  # whose cable, from, to
    back_ms: dict[str, list[float]] = attrs.field(factory=dict)  # by cause
    first: Record = attrs.field(factory=dict)  # a dump from before the first blow

    async def rage(self, seconds: float) -> None:
        """Gather, strike for so long, let all come back, and take the final states."""
        await self._gather()
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            await self._strike(self.rng.choice(self._possible()))
            await trio.sleep(self.rng.uniform(0.05, 0.6))
        while self._dead():
            await self._strike(Blow.RESTART)
        await self._compare()

    # --- who ---

    @property
    def runs(self) -> tuple[Run, ...]:
        """Those that live."""
        return self.cast.living()

    def _dead(self) -> list[str]:
        living = {run.peer for run in self.runs}
        return [name for name in self.names if name not in living]

    def _host(self) -> Run:
        statuses = self.cast.evidence.statuses
        return next(run for run in self.runs if statuses[run]["role"] == "host")

    def _client(self) -> Run:
        host = self._host()
        return self.rng.choice([run for run in self.runs if run != host])

    def _possible(self) -> list[Blow]:
        found = []
        if len(self.runs) > _ALIVE_MIN:
            found += [Blow.KILL_HOST, Blow.KILL_HOST, Blow.KILL_CLIENT]
        if len(self.runs) > _ALIVE_MIN + 1:
            found.append(Blow.KILL_TWO)
        if CAN_FREEZE:
            found += [Blow.STOP_HOST, Blow.STOP_CLIENT]
        if not self.wires.why_not:
            found += [Blow.CUT_HOST, Blow.CUT_CLIENT]
        return found + [Blow.RESTART] * (2 * len(self._dead()))

    # --- what ---

    async def _gather(self) -> None:
        host, *others = self.names
        self.cast.audience.step(f"{len(self.names)} processes play")
        run, ready = await self.cast.start(host, "host", GAME, *self._options(host))
        await self.digging.begin(run)
        for name in others:
            run, _ = await self.cast.start(name, "join", ready["invite"], *self._options(name))
            await self.digging.begin(run)
        await self.settle()
        (self.first,) = (await self.cast.dumps(self.runs[:1])).values()

    def _options(self, name: str) -> list[str]:
        identity = str(self.folder / f"{name}.identity")
        where = ["--address", self.wires.address(name), "--port", "0", "--identity", identity]
        return [*where, "--settings", f"seat_us={_SEAT_US}"]

    async def _strike(self, blow: Blow) -> None:
        self.blows[blow] += 1
        since_ms = self.cast.now_ms()
        victims: list[Run] = []
        if blow is Blow.RESTART:
            await self._restart()
        elif blow in (Blow.KILL_HOST, Blow.KILL_CLIENT, Blow.KILL_TWO):
            self._kill(blow)
        else:
            victims = await self._hold(blow)
        await self.settle()
        self._measure(blow, since_ms, victims)

    def _kill(self, blow: Blow) -> None:
        victims = [self._client()] if blow is Blow.KILL_CLIENT else [self._host()]
        if blow is Blow.KILL_TWO:
            victims.append(self._client())
        self._tell(blow, victims)
        for run in victims:
            self.digging.stop(run)
            self.cast.kill(run)

    async def _hold(self, blow: Blow) -> list[Run]:
        """A process stands still, or its cable is out, for a while."""
        run = self._host() if blow in (Blow.STOP_HOST, Blow.CUT_HOST) else self._client()
        seconds = self.rng.uniform(*self.rng.choice(_HOLD_S))
        self._tell(blow, [run], f" for {seconds:.1f} s")
        if blow in (Blow.CUT_HOST, Blow.CUT_CLIENT):
            from_ms = self.cast.now_ms()
            await self.wires.pull(run.peer)
            await trio.sleep(seconds)
            await self.wires.plug(run.peer)
            self.pulled.append((run.peer, from_ms, self.cast.now_ms()))
        else:
            self.cast.freeze(run)
            await trio.sleep(seconds)
            self.cast.thaw(run)
        return [run]

    async def _restart(self) -> None:
        name = self.rng.choice(self._dead())
        through = self.rng.choice(self.runs)
        self.cast.audience.step(f"restart {name}, which joins through {through}")
        (dump,) = (await self.cast.dumps([through])).values()
        run, ready = await self.cast.start(name, "join", dump["invite"], *self._options(name))
        self.cast.evidence.returns.append((run, ready))
        await self.digging.begin(run)

    def _tell(self, blow: Blow, victims: Iterable[Run], more: str = "") -> None:
        self.cast.audience.step(f"{blow.value} {', '.join(map(str, victims))}{more}")

    # --- what comes of it ---

    async def settle(self) -> None:
        """Wait until all that live are in one session again, and each had more results there.

        Not before all of that is true under one reign: right after a blow nobody has noticed, and
        all look well. Raises `GaveUp` if it takes far too long.
        """
        with trio.move_on_after(_SETTLE_S):
            began = None
            while began is None or began != _reign(await self._statuses()):
                began = await self._until_whole()
                await self.digging.until_played(self.runs, _RESULTS)
            return
        told = "; ".join(
            f"{run} {status['state']} in epoch {status['epoch']}"
            for run, status in self.cast.evidence.statuses.items()
            if run in self.runs
        )
        raise GaveUp(f"the session is not whole after {_SETTLE_S:.0f} s: {told}")

    async def _until_whole(self) -> Reign:
        while True:
            if (reign := _reign(await self._statuses())) is not None:
                return reign
            await trio.sleep(_LOOK_S)

    async def _statuses(self) -> list[Record]:
        """How everybody is now."""
        statuses = self.cast.evidence.statuses
        statuses.clear()
        await self.cast.look()
        await self.cast.until("all to say how they are", lambda: set(self.runs) <= set(statuses))
        return [statuses[run] for run in self.runs]

    def _measure(self, blow: Blow, since_ms: float, victims: list[Run]) -> None:
        """How long it took until the last of the others followed another host, if any did."""
        if blow not in CAUSES:
            return
        evidence = self.cast.evidence
        others = [run for run in self.runs if run not in victims]
        found = [evidence.first(run, kind, since_ms) for run in others for kind in _BACK]
        times = [record["t_ms"] - since_ms for record in found if record is not None]
        if times:
            self.back_ms.setdefault(CAUSES[blow], []).append(max(times))

    async def _compare(self) -> None:
        """Stop, let everything settle, and take the state of everybody at one position."""
        self.cast.audience.step("all stop, and their states are compared")
        evidence = self.cast.evidence
        for run in self.digging.runs:
            self.digging.stop(run)
        await self.cast.until(
            "the results of all commands", lambda: not any(map(evidence.unsettled, self.runs))
        )
        await self._until_whole()
        evidence.final = await self.cast.equal_dumps(self.runs)
        await self.cast.end(self._host())


def _reign(statuses: list[Record]) -> Reign | None:
    """The one that all obey, and its host; None if they do not."""
    hosts = [status for status in statuses if status["state"] == "reigning"]
    others = [status for status in statuses if status["state"] == "following"]
    reigns = {(status["epoch"], status["host"]) for status in statuses}
    whole = len(hosts) == 1 and len(hosts) + len(others) == len(statuses) and len(reigns) == 1
    return reigns.pop() if whole else None
