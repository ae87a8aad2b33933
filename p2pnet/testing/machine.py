"""A state machine for Hypothesis: its rules take one more step in a running session.

    from p2pnet.testing.machine import ScenarioMachine

    TestSessions = ScenarioMachine.TestCase

Rules only append to a scenario and advance it, and at the end it heals and has to come together.
What fails is written to `folder` as JSON, in the form that `p2pnet simulate --replay` plays: each
smaller failure that Hypothesis finds takes the place of the one before.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import ClassVar

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from p2pnet.core.settings import AckLevel

from .catalogue import InvariantBroken
from .drawing import INTERNET, LAN, MIXED
from .playing import Run, play, prepare
from .scenario import AMOUNTS, TOGETHER, Kind, Lane, Phase, Scenario, Step, Victim
from .scenario_json import write
from .strategies import victims

_ENDS = (Kind.CRASH, Kind.VANISH)
_PAIRS = (Kind.CUT, Kind.CUT_BOTH, Kind.RESET, Kind.HALF_CLOSE, Kind.TEAR)
_PARTS = (Kind.ISOLATE, Kind.HALVES, Kind.BRIDGE, Kind.RING, Kind.SCATTER)
_MEMBERS = (Kind.JOIN, Kind.LEAVE, Kind.KICK, Kind.HAND_OVER, Kind.RESTART)
_MOMENTS = st.integers(0, 2_000_000)


class ScenarioMachine(RuleBasedStateMachine):
    """One session. `folder` is where failures are kept, `lane` what plays it.

    Real peers stand still between two rules as cores do, in the middle of whatever they were doing.
    """

    lane: ClassVar[Lane] = Lane.CORE
    folder: ClassVar[Path] = Path("simulations/corpus")

    def __init__(self) -> None:
        super().__init__()
        self.run: Run | None = None
        self.steps: list[Step] = []

    # --- rules ---

    @initialize(
        players=st.integers(2, 6),
        seed=st.integers(0, 2**32),
        delay_us=st.sampled_from((INTERNET, LAN, MIXED)),
    )
    def open_session(self, players: int, seed: int, delay_us: tuple[int, int]) -> None:
        """Everybody is in it, and nothing has gone wrong."""
        self.run = prepare(Scenario(players, (), seed, delay_us, lane=self.lane))

    @rule(after_us=_MOMENTS, peer=victims(), ack=st.sampled_from(list(AckLevel)))
    def submit(self, after_us: int, peer: int | Victim, ack: AckLevel) -> None:
        """A player does something."""
        self.take(Step(Kind.SUBMIT, after_us, peer, ack=ack))

    @rule(
        after_us=_MOMENTS,
        kind=st.sampled_from(_ENDS),
        peer=victims(),
        when=st.none() | st.sampled_from(list(Phase)),
    )
    def die(self, after_us: int, kind: Kind, peer: int | Victim, when: Phase | None) -> None:
        """A process ends, now or in a phase."""
        self.take(Step(kind, after_us, peer, when=when))

    @rule(after_us=_MOMENTS, peer=victims(), for_us=st.integers(0, 3_000_000))
    def sleep(self, after_us: int, peer: int | Victim, for_us: int) -> None:
        """A process stands still, for a while or until all heals."""
        self.take(Step(Kind.PAUSE, after_us, peer, for_us=for_us))

    @rule(after_us=_MOMENTS, kind=st.sampled_from(_PAIRS), peer=victims(), other=victims())
    def part_two(self, after_us: int, kind: Kind, peer: int | Victim, other: int | Victim) -> None:
        """Something happens between two peers."""
        self.take(Step(kind, after_us, peer, other, amount=AMOUNTS.get(kind, (0, 0))[0]))

    @rule(after_us=_MOMENTS, kind=st.sampled_from(_PARTS), peer=victims(), amount=st.integers(1, 5))
    def part_many(self, after_us: int, kind: Kind, peer: int | Victim, amount: int) -> None:
        """The network falls apart."""
        self.take(Step(kind, after_us, peer, amount=amount if kind in AMOUNTS else 0))

    @rule(after_us=_MOMENTS, kind=st.sampled_from(_MEMBERS), peer=victims())
    def come_and_go(self, after_us: int, kind: Kind, peer: int | Victim) -> None:
        """Somebody joins, leaves, is sent away, returns, or becomes the host."""
        self.take(Step(kind, after_us, peer))

    @rule(after_us=_MOMENTS)
    def heal(self, after_us: int) -> None:
        """The network is as it was."""
        self.take(Step(Kind.HEAL, after_us))

    # --- around them ---

    @property
    def scenario(self) -> Scenario:
        """What was done so far."""
        assert self.run is not None
        return attrs.evolve(self.run.scenario, steps=tuple(self.steps))

    def take(self, step: Step) -> None:
        """Add a step to the scenario, and let it happen."""
        assert self.run is not None
        self.steps.append(step)
        self.run.watch.record.together &= step.kind in TOGETHER
        try:
            self.run.take(step)
        except InvariantBroken as error:
            self._keep(error)
            raise

    def teardown(self) -> None:
        """Everything heals, and the session has to come together."""
        if self.run is None:
            return
        with contextlib.suppress(Exception):  # what is left of it when it is broken off
            self.run.world.close()
        # The scenario is played as it would be from its file: nothing that fails here is lost.
        try:
            play(self.scenario)
        except InvariantBroken as error:
            self._keep(error)
            raise

    def _keep(self, error: InvariantBroken) -> None:
        path = write(self.scenario, self.folder, f"{error.name.lower()}-machine")
        error.add_note(f"To see it again: p2pnet simulate --replay {path}")
