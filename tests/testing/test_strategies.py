from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from p2pnet.testing.playing import play
from p2pnet.testing.scenario import CRASHES, Kind, Scenario, Step
from p2pnet.testing.scenario_json import from_json, to_json
from p2pnet.testing.strategies import scenarios, steps

FEW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@FEW
@given(scenarios())
def test_whatever_is_drawn_can_be_written_down(scenario: Scenario) -> None:
    assert from_json(to_json(scenario)) == scenario


@FEW
@given(scenarios(players=(3, 4), steps_max=5))
def test_whatever_is_drawn_comes_together_again(scenario: Scenario) -> None:
    play(scenario)


@FEW
@given(steps(kinds=CRASHES))
def test_only_the_kinds_that_were_asked_for(step: Step) -> None:
    assert step.kind in CRASHES
    assert step.amount == 0 or step.kind is Kind.TEAR
