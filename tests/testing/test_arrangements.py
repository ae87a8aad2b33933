"""In each drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.admission import Admission
from p2pnet.core.condensing import SlowLinks
from p2pnet.core.hosting import Hosting
from p2pnet.core.ordering import Ordering
from p2pnet.core.outbox import Outbox
from p2pnet.core.session import Session
from p2pnet.core.settings import Settings
from p2pnet.testing import arrangements
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations.mutants import MUTANTS

from .drilling import found


def nothing(*details: Any) -> None:
    return None


def test_all_of_them_are_held_in_campaigns() -> None:
    held = {rules.do for rules in DRILLS.values()}
    names = ("approval", "refused_meanwhile", "idle", "no_migration", "saved")
    assert held >= {getattr(arrangements, name) for name in (*names, "crowded")}


@pytest.mark.parametrize(
    ("kind", "owner", "name", "broken", "invariant"),
    [
        (Drill.APPROVAL, Admission, "__len__", lambda admission: 0, "S28"),
        (Drill.APPROVAL, Admission, "on_link_lost", nothing, "S23"),
        (Drill.NO_ROOM, Outbox, "keep", nothing, "S28"),
        (Drill.IDLE, Ordering, "_idle", lambda ordering: [], "S30"),
        (Drill.IDLE, Hosting, "on_bye", lambda host, peer, *why: host._remove(peer, *why), "S27"),
        (Drill.NO_MIGRATION, Session, "finish", nothing, "S27"),
        (Drill.SAVED, Session, "set_settings", nothing, "S11"),
        (Drill.CROWDED, SlowLinks, "catch_up", lambda *details: [], "S11"),
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
    assert invariant in found(kind, 5)


@pytest.mark.parametrize("migration", [True, False])
def test_the_session_ends_for_all_where_its_host_says_so(migration: bool) -> None:
    settings = Settings(host_migration=migration)
    drills = [Scenario(3, (), n, settings=settings, drill=Drill.NO_MIGRATION) for n in range(40)]
    mutant = MUTANTS["others_go_on_with_a_session_that_is_over"]
    assert {breaks(scenario) for scenario in drills} == {None}
    with mutant.plant():
        assert mutant.invariant in {breaks(scenario) for scenario in drills}


def test_who_lacks_more_than_is_known_any_more_hears_of_it_at_once() -> None:
    settings, seeds = Settings(tail_updates_max=4), range(3)
    drills = [Scenario(5, (), n, settings=settings, drill=Drill.CROWDED) for n in seeds]
    assert {breaks(scenario) for scenario in drills} == {None}
    with MUTANTS["what_was_kept_back_for_too_long_is_forgotten"].plant():
        assert "S11" in {breaks(scenario) for scenario in drills}
