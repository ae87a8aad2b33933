"""Runs to look at, each played once."""

from __future__ import annotations

from functools import cache

import attrs
import pytest

from p2pnet.testing.campaign import Report, Tallied, examine
from p2pnet.testing.drawing import Shape
from p2pnet.testing.recovery import Cause, Recovery
from p2pnet.testing.replaying import Replay, replay
from p2pnet.testing.report.picture import Picture
from p2pnet.testing.scenario import Kind, Scenario, Step

REST = Step(Kind.NUDGE, 2_500_000, 1)
LOST_TWICE = Scenario(
    4,
    (
        Step(Kind.SUBMIT, 300_000, peer=1),
        Step(Kind.VANISH, 400_000),
        Step(Kind.SUBMIT, 3_000_000, peer=0),
        Step(Kind.CRASH, 100_000),
        Step(Kind.NUDGE, 1_000_000, peer=0),
    ),
)
CUT_OFF = Scenario(5, (Step(Kind.HALVES, 200_000, amount=2, for_us=1_500_000), REST), seed=1)
ASLEEP = Scenario(3, (Step(Kind.PAUSE, 200_000, for_us=2_000_000), REST), seed=1)
CROWDED = Scenario(
    8, (*(Step(Kind.SUBMIT, 20_000, peer=n % 8) for n in range(60)), Step(Kind.CRASH))
)


@cache
def played(scenario: Scenario) -> Replay:
    """What came of a scenario."""
    return replay(scenario, "A run to look at")


@pytest.fixture
def lost_twice() -> Picture:
    """A host vanishes, and the next one crashes."""
    return played(LOST_TWICE).picture


@pytest.fixture
def cut_off() -> Picture:
    """A session falls in two parts, which meet again."""
    return played(CUT_OFF).picture


@pytest.fixture
def asleep() -> Picture:
    """A host stands still for two seconds."""
    return played(ASLEEP).picture


@pytest.fixture
def crowded() -> Picture:
    """Eight peers are busy, and lose their host."""
    return played(CROWDED).picture


@cache
def _tallied() -> Tallied:
    tallied = Tallied()
    for number in range(3):
        examine(tallied, 1, number, Shape(players=(2, 3)))
    tallied.recoveries = [
        (Recovery(cause, players, 0), 1000 * players * place)
        for place, cause in enumerate(Cause, 20)
        for players in (2, 3, 3, 5)
    ]
    return tallied


@pytest.fixture
def campaign() -> Report:
    """A few scenarios, and recoveries that were never measured."""
    return Report(attrs.evolve(_tallied()), 1.0)
