from __future__ import annotations

import pytest

from p2pnet.testing.catalogue import INVARIANTS
from simulations.mutants import hunt
from simulations.planted_shell import BED

SEED = 3
SCENARIOS = 24  # nearly always the first has all that it takes


@pytest.mark.parametrize("name", list(BED.mutants))
def test_a_bug_around_the_core_is_found_by_real_peers(name: str) -> None:
    mutant = BED.mutants[name]
    found = hunt(name, SCENARIOS, SEED)
    assert mutant.invariant in INVARIANTS and found.found is not None, found
