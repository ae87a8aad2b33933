"""In each drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.history import History
from p2pnet.core.reunion import Reunion
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.scenario import Drill
from p2pnet.testing.sides import (
    ahead,
    called_off,
    far_apart,
    heard_again,
    missed,
    scattered,
    too_few,
    torn,
    two_sides,
    upstarts,
)
from simulations.mutants import MUTANTS

from .drilling import found


def test_all_of_them_are_held_in_campaigns() -> None:
    held = {rules.do for rules in DRILLS.values()}
    assert {ahead, called_off, far_apart, heard_again, missed, scattered} <= held
    assert {too_few, torn, two_sides, upstarts} <= held


@pytest.mark.parametrize(
    ("owner", "name", "broken"),
    [
        (Reunion, "_members", lambda reunion, one, other: None),
        (History, "seat", lambda history, members: None),
    ],
)
def test_who_had_no_seat_has_no_say(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, broken: Any
) -> None:
    monkeypatch.setattr(owner, name, broken)
    assert found(Drill.UPSTARTS, 4, 2) == {"S20"}


def test_who_swore_twice_counts_once() -> None:
    with MUTANTS["oaths_count_twice"].plant():
        assert found(Drill.TORN, 4, 2) == {"S20"}


def test_who_lost_all_that_it_was_linked_to_looks_for_the_others() -> None:
    with MUTANTS["looks_for_no_heirs"].plant():
        assert found(Drill.FAR_APART, 5, 2) == {"L5"}


def test_a_word_is_taken_back() -> None:
    with MUTANTS["words_outlive_the_absence_of_the_host"].plant():
        assert found(Drill.HEARD_AGAIN, 4, 2) == {"S06"}


def test_who_hears_nobody_any_more_may_be_cut_off() -> None:
    assert found(Drill.MISSED, 3, 4) == {None}
    with MUTANTS["receipts_as_soon_as_nobody_is_heard"].plant():
        assert found(Drill.MISSED, 3, 4) >= {"S15"}


def test_who_is_not_welcomed_so_far_has_nothing_of_the_other_side() -> None:
    assert found(Drill.AHEAD, 4, 8) == {None}
    with MUTANTS["counts_what_another_branch_has"].plant():
        assert found(Drill.AHEAD, 4, 8) >= {"S15"}


def test_a_claimant_that_pulls_hears_that_the_host_lives() -> None:
    assert found(Drill.CALLED_OFF, 4, 2) == {None}
    with MUTANTS["hears_nothing_while_it_pulls"].plant():
        assert found(Drill.CALLED_OFF, 4, 2) == {"S06"}


def test_a_pause_is_told_each_time_and_so_is_its_end() -> None:
    with MUTANTS["stands_still_and_says_so_once"].plant():
        assert found(Drill.SCATTERED, 4, 1) == {"S33"}
    with MUTANTS["pauses_have_no_end"].plant():
        assert found(Drill.TWO_SIDES, 4, 4) >= {"S27"}


def test_who_was_started_again_makes_too_few_enough() -> None:
    assert found(Drill.TOO_FEW, 4, 8) == {None}
    with MUTANTS["who_is_back_stands_behind_nobody"].plant():
        assert found(Drill.TOO_FEW, 4, 8) >= {"S33"}
