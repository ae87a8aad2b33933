"""In the drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

import pytest

from p2pnet.testing.drills import DRILLS
from p2pnet.testing.parcels import parcels
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations import planted_parcels
from simulations.mutants import MUTANTS


def test_it_is_held_in_campaigns() -> None:
    assert DRILLS[Drill.PARCELS].do is parcels


@pytest.mark.parametrize("name", planted_parcels.BED.mutants)
def test_what_is_done_wrong_shows(name: str) -> None:
    with MUTANTS[name].plant():
        assert breaks(Scenario(4, (), 1, drill=Drill.PARCELS)) == MUTANTS[name].invariant
