"""In each drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core import catchup
from p2pnet.core.ordering import Ordering
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.trials import Trials
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.ordeals import on_trial, paused, renumbered, two_outcomes
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations.mutants import MUTANTS


def trial(seed: int, players: int = 4, drill: Drill = Drill.ON_TRIAL) -> Scenario:
    settings = Settings(trial_after_hosts=1, tail_updates_max=1)
    return Scenario(players, (), seed, settings=settings, drill=drill)


def test_all_of_them_are_held_in_campaigns() -> None:
    assert {on_trial, paused, renumbered, two_outcomes} <= {rules.do for rules in DRILLS.values()}


@pytest.mark.parametrize(
    ("owner", "name", "answer"),
    [
        (Trials, "is_due", lambda trials, durable: trials.current is not None),
        (Ordering, "uphold_refusals", lambda ordering: None),
        (Ordering, "conclude_trials", lambda ordering: None),
    ],
)
def test_a_command_on_trial_is_run_as_the_rules_say(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, answer: Any
) -> None:
    monkeypatch.setattr(owner, name, answer)
    assert {breaks(trial(seed)) for seed in range(8)} & {"S17", "L4"}


@pytest.mark.parametrize("name", ["trials_are_taken_for_outcomes", "trials_are_lost_in_a_snapshot"])
def test_what_is_on_trial_is_told_as_such(name: str) -> None:
    with MUTANTS[name].plant():
        assert {breaks(trial(seed, 5)) for seed in range(8)} & {"S17", "L4"}


def test_a_reign_without_an_update_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catchup, "_begin", lambda *details: None)
    found = {breaks(Scenario(4, (), seed, drill=Drill.RENUMBERED)) for seed in range(8)}
    assert found & {"S16", "S11", "S19", "S14"}


@pytest.mark.parametrize(
    ("name", "answer"),
    [("is_paused", property(lambda ordering: False)), ("go_on", lambda ordering: None)],
)
def test_a_pause_keeps_what_is_done_meanwhile(
    monkeypatch: pytest.MonkeyPatch, name: str, answer: Any
) -> None:
    monkeypatch.setattr(Ordering, name, answer)
    settings = Settings(policy=Policy.PAUSE_MINORITY, pause_us=6_000_000)
    scenarios = (Scenario(5, (), n, settings=settings, drill=Drill.PAUSED) for n in range(10))
    assert {breaks(scenario) for scenario in scenarios} & {"S31", "S33", "L4"}


def test_what_one_side_ran_and_the_other_refused_is_lost_and_named() -> None:
    with MUTANTS["taken_for_the_command_of_another"].plant():
        assert "S16" in {breaks(trial(seed, 7, Drill.TWO_OUTCOMES)) for seed in range(4)}
