"""Planted bugs are planted, pulled out again, and a few of them are hunted."""

from __future__ import annotations

import pytest

from p2pnet.core.granting import Granting
from p2pnet.core.roster import Roster
from p2pnet.core.routing import Router
from p2pnet.testing.catalogue import INVARIANTS
from simulations.mutants import MUTANTS, hunt, main, unharmed

QUICK = {
    "old_host_keeps_its_label_too": 40,
    "receipts_before_anybody_has_it": 40,
    "tells_of_a_reign_again": 40,
    "never_present_again": 40,
    "no_heartbeats": 40,
    "no_limit_to_commands": 40,
}
"""Some that are caught within so many scenarios."""


def test_each_invariant_has_a_planted_bug() -> None:
    assert {mutant.invariant for mutant in MUTANTS.values()} == set(INVARIANTS)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_bug_can_be_planted_and_leaves_nothing_behind(name: str) -> None:
    before = [dict(vars(cls)) for cls in (Granting, Roster, Router)]
    with MUTANTS[name].plant():
        pass
    assert [dict(vars(cls)) for cls in (Granting, Roster, Router)] == before


@pytest.mark.parametrize("name", QUICK)
def test_a_bug_is_caught_under_its_own_name(name: str) -> None:
    found = hunt(name, QUICK[name], seed=0)
    assert found.found is not None, found.names


def test_the_protocol_itself_passes_the_same_scenarios() -> None:
    assert unharmed(40, seed=0) is None


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(SystemExit):
        main(["no_such_bug"])
