"""In each drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

import pytest

from p2pnet.testing.drills import DRILLS
from p2pnet.testing.promptness import prompt, redialled, stale_proof
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations.mutants import MUTANTS

from .drilling import found


def test_all_of_them_are_held_in_campaigns() -> None:
    assert DRILLS[Drill.PROMPT].do is prompt and DRILLS[Drill.REDIALLED].do is redialled
    assert DRILLS[Drill.STALE_PROOF].do is stale_proof


@pytest.mark.parametrize(
    "name",
    [
        "keeps_its_word_to_who_gave_up",
        "the_dead_have_to_answer",
        "whoever_wakes_takes_all_to_be_there",
        "asks_for_its_seat_when_it_is_deposed",
        "its_word_is_given_for_good",
    ],
)
def test_what_is_done_wrong_shows(name: str) -> None:
    scenarios = (Scenario(5, (), seed, drill=Drill.PROMPT) for seed in range(24))
    with MUTANTS[name].plant():
        assert MUTANTS[name].invariant in {breaks(scenario) for scenario in scenarios}


@pytest.mark.parametrize(
    "name",
    [
        "an_answered_redial_is_no_sign_of_life",
        "how_far_the_host_was_is_forgotten",
        "each_heartbeat_asks_anew",
    ],
)
def test_whose_link_broke_is_found_again(name: str) -> None:
    assert found(Drill.REDIALLED, 2, 16) == {None}
    with MUTANTS[name].plant():
        assert MUTANTS[name].invariant in found(Drill.REDIALLED, 2, 16)


def test_what_a_host_said_before_it_was_asked_proves_nothing() -> None:
    assert found(Drill.STALE_PROOF, 3, 8) == {None}
    with MUTANTS["any_pong_is_proof"].plant():
        assert "S07" in found(Drill.STALE_PROOF, 3, 8)
