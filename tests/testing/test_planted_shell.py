from __future__ import annotations

import pytest

from p2pnet.testing.catalogue import INVARIANTS
from simulations.mutants import hunt
from simulations.planted_shell import BED

SEED = 3
SCENARIOS = 24  # nearly always the first that is played has all that it takes

FIRST = {
    "half_a_frame_is_sent": 63,
    "failed_dial_is_not_told": 218,
    "nobody_waits_for_the_good_byes": 7,
    "hooks_are_not_guarded": 4,
    "receipts_die_with_the_game": 6,
}
"""Where to begin with those that take a certain kind of link, a flood or a fall."""


@pytest.mark.parametrize("name", list(BED.mutants))
def test_a_bug_around_the_core_is_found_by_real_peers(name: str) -> None:
    mutant = BED.mutants[name]
    found = hunt(name, SCENARIOS, SEED, FIRST.get(name, 0))
    assert mutant.invariant in INVARIANTS and found.found is not None, found
