"""In each drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.asking import Asking
from p2pnet.core.roles import Roles
from p2pnet.core.search import Search
from p2pnet.testing import elections
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.scenario import Drill
from simulations.mutants import MUTANTS

from .drilling import found


def test_all_of_them_are_held_in_campaigns() -> None:
    held = {rules.do for rules in DRILLS.values()}
    assert held >= {elections.by_hand, elections.chosen, elections.rivals}
    assert elections.second_thoughts in held


@pytest.mark.parametrize(
    ("kind", "owner", "name", "broken", "invariant"),
    [
        (Drill.BY_HAND, Roles, "offer", Roles.obey, "S27"),
        (Drill.BY_HAND, Search, "looks", lambda search: False, "L1"),
        (Drill.CHOSEN, Search, "turn_us", lambda search, claimant: 1 << 60, "L5"),
        (Drill.SECOND_THOUGHTS, Asking, "end", lambda asking: asking.grants.clear(), "S29"),
    ],
)
def test_what_is_done_wrong_shows(
    monkeypatch: pytest.MonkeyPatch,
    kind: Drill,
    owner: Any,
    name: str,
    broken: Any,
    invariant: str,
) -> None:
    monkeypatch.setattr(owner, name, broken)
    assert invariant in found(kind, 3)


def test_of_two_rivals_one_reigns() -> None:
    assert found(Drill.RIVALS, 6, 12) == {None}
    with MUTANTS["both_rivals_give_up"].plant():
        assert "L5" in found(Drill.RIVALS, 6, 12)


@pytest.mark.parametrize("name", ["each_gives_way_to_the_other", "rank_alone_decides"])
def test_a_rival_that_lacks_something_gives_way(name: str) -> None:
    with MUTANTS[name].plant():
        assert MUTANTS[name].invariant in found(Drill.RIVALS, 6, 12)
