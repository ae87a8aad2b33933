"""In the drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

from typing import Final

import pytest

from p2pnet.testing.drills import DRILLS
from p2pnet.testing.parcels import parcels
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations import planted_parcels
from simulations.mutants import MUTANTS

LONG: Final = {"long_changes_are_not_taken_in", "long_histories_are_not_taken_in"}


def test_it_is_held_in_campaigns() -> None:
    assert DRILLS[Drill.PARCELS].do is parcels


@pytest.mark.parametrize("name", planted_parcels.BED.mutants)
def test_what_is_done_wrong_shows(name: str) -> None:
    drill = Drill.SEATS if name in LONG else Drill.PARCELS
    with MUTANTS[name].plant():
        assert breaks(Scenario(4, (), 1, drill=drill)) == MUTANTS[name].invariant
