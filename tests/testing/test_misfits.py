from __future__ import annotations

import pytest

from p2pnet.testing.scenario import Drill
from simulations.mutants import MUTANTS

from .drilling import found


@pytest.mark.parametrize("players", [2, 4])
def test_who_is_told_what_does_not_fit_asks_for_everything(players: int) -> None:
    assert found(Drill.MISFITS, players) == {None}
    with MUTANTS["asks_for_the_same_again"].plant():
        assert found(Drill.MISFITS, players) == {"S12"}
