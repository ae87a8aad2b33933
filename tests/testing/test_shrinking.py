from __future__ import annotations

import pytest

from p2pnet.core.promises import Promises
from p2pnet.testing.scenario import Kind, Scenario, Step, Way, Workload
from p2pnet.testing.shrinking import breaks, shrink

LONG = Scenario(
    players=4,
    steps=(
        Step(Kind.SUBMIT, 100_000, 1),
        Step(Kind.NUDGE, 200_000, 2),
        Step(Kind.CRASH, 300_000),
        Step(Kind.SUBMIT, 400_000, 1),
        Step(Kind.NUDGE, 500_000, 0),
    ),
    ways=(Way(0, 1, (1_000, 2_000)),),
    workload=Workload(1_000_000),
)


@pytest.fixture
def no_number_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Promises, "justifies", lambda *_: False)


def test_a_scenario_in_order_breaks_nothing() -> None:
    assert breaks(LONG) is None


def test_what_is_left_is_what_it_takes(no_number_is_right: None) -> None:
    name = breaks(LONG)
    assert name is not None
    small = shrink(LONG, name)
    assert [step.kind for step in small.steps] == [Kind.CRASH]
    assert (small.ways, small.workload, small.steps[0].after_us) == ((), Workload(), 0)
    assert small.players < 4 and breaks(small) == name


def test_it_gives_up_after_so_many_plays(no_number_is_right: None) -> None:
    assert shrink(LONG, breaks(LONG) or "", plays=0) == LONG
