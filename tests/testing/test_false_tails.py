"""Each check of a tail is taken out, and some lie is believed."""

from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core import catchup, pulling
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.false_tails import false_tails
from p2pnet.testing.playing import play
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations.mutants import MUTANTS


def drill(seed: int = 1, players: int = 8) -> Scenario:
    return Scenario(players, (), seed, drill=Drill.FALSE_TAILS)


def test_it_is_held_in_campaigns_and_does_no_harm() -> None:
    assert DRILLS[Drill.FALSE_TAILS].do is false_tails
    assert play(drill()).converged_us is not None


@pytest.mark.parametrize(
    ("owner", "name"), [(catchup, "_check_roster"), (pulling, "check_told"), (pulling.Pulling, "")]
)
def test_what_is_not_checked_is_believed(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    if name:
        monkeypatch.setattr(owner, name, lambda *details: None)
    else:
        monkeypatch.setattr(owner, "is_asking", lambda *details: True)
    assert "S24" in {breaks(drill(seed)) for seed in range(4)}


def test_who_makes_up_a_roster_can_not_say_whose_key_is_whose() -> None:
    mutant = MUTANTS["a_roster_says_whose_key_is_whose"]
    with mutant.plant():
        assert mutant.invariant in {breaks(drill(seed)) for seed in range(4)}
