"""In each drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core import pulling
from p2pnet.core.messages import Tail
from p2pnet.core.pulling import Pulling
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import State
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.newcomers import late_newcomer, newcomer, strangers
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations.mutants import MUTANTS

from .drilling import found


def few(seed: int) -> Scenario:
    settings = Settings(policy=Policy.MAJORITY_ONLY, dead_link_us=2_000_000)
    return Scenario(3, (), seed, settings=settings, drill=Drill.NEWCOMER)


def test_all_of_them_are_held_in_campaigns() -> None:
    assert {newcomer, late_newcomer, strangers} <= {rules.do for rules in DRILLS.values()}


def test_a_newcomer_of_which_nobody_has_heard_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pulling, "meet", lambda *details: None)
    assert "L1" in {breaks(few(seed)) for seed in range(8)}


def test_also_by_who_asks_somebody_else_at_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    meet = Pulling.meet

    def unless_it_pulls(pulling: Pulling, *details: Any) -> None:
        if pulling.session.state is not State.PULLING:
            meet(pulling, *details)

    monkeypatch.setattr(Pulling, "meet", unless_it_pulls)
    assert breaks(Scenario(4, (), 1, drill=Drill.LATE_NEWCOMER)) == "L1"


def test_who_has_no_seat_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "check_seated", lambda *details: None)
    assert "S24" in {breaks(few(seed)) for seed in range(8)}


def test_who_has_no_seat_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(pulling: Pulling, link: Any, frame: Any) -> None:
        missing = pulling_missing(pulling.session, frame.position)
        pulling.session.send(link.peer, Tail(missing))

    pulling_missing = pulling.missing_for
    monkeypatch.setattr(Pulling, "answer", answer)
    assert "S23" in {breaks(few(seed)) for seed in range(8)}


@pytest.mark.parametrize(
    "name",
    ["strangers_wait_for_an_answer", "any_game_is_good_enough", "newcomers_wait_for_ever"],
)
def test_who_is_in_the_wrong_place_is_told_so(name: str) -> None:
    assert found(Drill.STRANGERS, 2, 6) == {None}
    with MUTANTS[name].plant():
        assert "L3" in found(Drill.STRANGERS, 2, 6)
