"""In each drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.roster import Roster
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.precedence import asleep, out_of_turn, ranked
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations.mutants import MUTANTS

from .drilling import found

RANKED = Scenario(4, (), 1, drill=Drill.RANKED)


def test_they_are_held_in_campaigns() -> None:
    assert DRILLS[Drill.RANKED].do is ranked
    assert DRILLS[Drill.OUT_OF_TURN].do is out_of_turn
    assert DRILLS[Drill.ASLEEP].do is asleep


@pytest.mark.parametrize(
    ("owner", "name", "broken", "invariant"),
    [
        (Roster, "reorder", lambda roster, members: roster, "S25"),
        ("p2pnet.core.ranking", "_overtakes", lambda *details: False, "S25"),
        (Roster, "successors", lambda roster, host: roster.members, "S34"),
    ],
)
def test_what_is_done_wrong_shows(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, broken: Any, invariant: str
) -> None:
    if isinstance(owner, str):
        monkeypatch.setattr(f"{owner}.{name}", broken)
    else:
        monkeypatch.setattr(owner, name, broken)
    assert breaks(RANKED) == invariant


def test_who_moves_away_falls_behind() -> None:
    assert found(Drill.RANKED, 4, 4) == {None}
    with MUTANTS["how_far_somebody_is_is_asked_once"].plant():
        assert "S25" in found(Drill.RANKED, 4, 4)


def test_nobody_stands_behind_the_last_in_rank_before_its_turn() -> None:
    assert found(Drill.OUT_OF_TURN, 4, 4) == {None}
    with MUTANTS["first_come_first_served"].plant():
        assert found(Drill.OUT_OF_TURN, 4, 4) == {"S25"}


def test_who_was_given_up_in_its_sleep_and_hosts_has_its_player_back() -> None:
    assert found(Drill.ASLEEP, 2, 4) == {None}
    with MUTANTS["a_host_is_away_from_its_own_game"].plant():
        assert found(Drill.ASLEEP, 2, 4) == {"S25"}
