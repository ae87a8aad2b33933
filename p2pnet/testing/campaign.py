"""Many random scenarios on all cores of the machine, and what came of them.

The work is cut into blocks of consecutive scenarios. Each block is played by whichever process is
free, and depends on nothing but its numbers, so the result of a campaign does not depend on how
many workers there are: the digest is taken over the scenarios in their order. The first violation,
again in that order, ends the campaign.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import attrs

from .apart import Apart
from .catalogue import InvariantBroken
from .cluster import cluster
from .drawing import Shape, draw
from .goals import Goal
from .playing import Run, play
from .recovery import Cause, Recovery, check_recovery
from .scenario import Kind, Scenario
from .trace import Trace
from .workers import share_out

_BLOCK: Final = 32  # scenarios that a worker takes at one time
_TWICE_EVERY: Final = 64  # of so many one is played twice, and has to be the same run
_LEFT_MIN: Final = 3  # the host and two: who is left alone by many deaths has to wait for a while
_CLEAN_EVERY: Final = 16  # after so many one clean loss of a host is measured


@attrs.frozen
class Violation:
    """The first scenario in which an invariant did not hold."""

    number: int
    scenario: Scenario
    invariant: str
    text: str


@attrs.frozen
class Slowest:
    """The scenario that took longest to come together, of those whose times can be compared."""

    number: int
    converged_us: int


@attrs.define
class Tallied:
    """What came of a number of scenarios. Can be added up."""

    scenarios: int = 0
    faults: Counter[Kind] = attrs.field(factory=Counter)
    goals: Counter[Goal] = attrs.field(factory=Counter)
    reigns: int = 0
    discards: int = 0
    converged_us: dict[Apart, list[int]] = attrs.field(factory=lambda: {a: [] for a in Apart})
    slowest: Slowest | None = None  # of those that were NEAR; the first, if several took as long
    recoveries: list[tuple[Recovery, int]] = attrs.field(factory=list)  # and how long each took
    together: Counter[tuple[Kind, Goal]] = attrs.field(factory=Counter)  # scenarios that had both
    digest: bytes = b""
    violation: Violation | None = None

    @property
    def recovered_us(self) -> dict[Cause, list[int]]:
        """How long clean recoveries took in which nobody else died, by cause."""
        alone = [(what.cause, us) for what, us in self.recoveries if not what.also]
        return {c: [us for cause, us in alone if cause is c] for c in Cause}

    def add(self, other: Tallied) -> None:
        """What came of the scenarios right after these."""
        self.scenarios += other.scenarios
        self.faults += other.faults
        self.goals += other.goals
        self.reigns += other.reigns
        self.discards += other.discards
        for apart, times in other.converged_us.items():
            self.converged_us[apart] += times
        if other.slowest is not None:
            self.compare(other.slowest)
        self.recoveries += other.recoveries
        self.together += other.together
        self.digest = hashlib.blake2b(self.digest + other.digest, digest_size=16).digest()
        self.violation = other.violation

    def compare(self, other: Slowest) -> None:
        """A later scenario has come together: did any so far take as long?"""
        if self.slowest is None or other.converged_us > self.slowest.converged_us:
            self.slowest = other


@attrs.frozen
class Report:
    """A campaign that is over."""

    tallied: Tallied
    seconds: float

    @property
    def goals_missed(self) -> tuple[Goal, ...]:
        """Those that were never reached."""
        return tuple(goal for goal in Goal if not self.tallied.goals[goal])

    @property
    def scenarios_per_s(self) -> float:
        """By the clock on the wall, all workers together."""
        return self.tallied.scenarios / max(self.seconds, 1e-9)


def percentile(times_us: list[int], percent: int) -> int:
    """The least of these times that so many percent do not exceed; 0 of none."""
    ranked = sorted(times_us)
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)] if ranked else 0


def run_campaign(
    scenarios: int,
    seed: int,
    shape: Shape,
    workers: int = 1,
    on_progress: Callable[[Tallied], None] = lambda so_far: None,
    scheduler: str = "",
) -> Report:
    """Play so many scenarios, fewer if an invariant is broken. `on_progress` gets all so far.

    With the address of a `scheduler` its workers play, and not this machine. Raises `ClusterError`.
    """
    began = time.perf_counter()
    total = Tallied()
    blocks = [(first, min(first + _BLOCK, scenarios)) for first in range(0, scenarios, _BLOCK)]
    with cluster(scheduler) if scheduler else share_out(workers) as each:
        for tallied in each(partial(_play_block, seed, shape), blocks):
            total.add(tallied)
            on_progress(total)
            if total.violation is not None:
                break
    return Report(total, time.perf_counter() - began)


def _play_block(seed: int, shape: Shape, block: tuple[int, int]) -> Tallied:
    """Play consecutive scenarios, the first violation is the last."""
    tallied = Tallied()
    digest = hashlib.blake2b(digest_size=16)
    with _collecting_between() as collect:
        for number in range(*block):
            try:
                digest.update(examine(tallied, seed, number, shape))
            except InvariantBroken as error:
                scenario = draw(seed, number, shape)
                tallied.violation = Violation(number, scenario, error.name, str(error))
                break
            collect()
    tallied.digest = digest.digest()
    return tallied


def examine(tallied: Tallied, seed: int, number: int, shape: Shape) -> bytes:
    """Play one scenario of a campaign, count what came of it, and give the digest of its trace.

    Raises `InvariantBroken`. One in so many is played twice, or is followed by a clean recovery.
    """
    scenario = draw(seed, number, shape)
    digest, run = _play_one(scenario, twice=number % _TWICE_EVERY == 0)
    _count(tallied, number, run)
    if number % _CLEAN_EVERY == 0:
        cause = list(Cause)[number // _CLEAN_EVERY % len(Cause)]
        also = min(number // _CLEAN_EVERY // len(Cause) % 3, max(scenario.players - _LEFT_MIN, 0))
        also = 0 if cause is Cause.HANDOVER else also
        recovery = Recovery(cause, scenario.players, scenario.seed, also=also, lane=scenario.lane)
        tallied.recoveries.append((recovery, check_recovery(recovery)))
    tallied.scenarios += 1
    return digest


@contextmanager
def _collecting_between() -> Iterator[Callable[[], object]]:
    """Collect garbage between scenarios and not within: a world is one big cycle.

    What there was before the block is frozen meanwhile, so only what one scenario left is looked
    at, and that is still in the caches of the processor: it takes a third of the time.
    """
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.unfreeze()
        gc.enable()


def _play_one(scenario: Scenario, twice: bool) -> tuple[bytes, Run]:
    """Play one scenario. Gives the digest of its trace, and the run to be counted."""
    trace = Trace()
    run = play(scenario, trace)
    if twice:
        again = Trace()
        play(scenario, again)
        if again.digest != trace.digest:
            raise InvariantBroken("S32", "one scenario gave two different runs")
    return trace.digest, run


def _count(tallied: Tallied, number: int, run: Run) -> None:
    tallied.faults.update(run.done)
    reached = dict(run.tally.reached)
    if run.world.refused:
        reached[Goal.QUEUE_LIMIT] = 1
    tallied.goals.update(reached)
    tallied.together.update(itertools.product(run.done, reached))
    tallied.reigns += run.watch.reigns
    tallied.discards += len(run.watch.discarded)
    if run.converged_us is not None and run.apart is not None:
        tallied.converged_us[run.apart].append(run.converged_us)
        if run.apart is Apart.NEAR:
            tallied.compare(Slowest(number, run.converged_us))
