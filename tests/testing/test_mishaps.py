"""In each drill one rule is taken out, and what it was there for shows."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from p2pnet.core import merge, reunion
from p2pnet.core.ledger import Ledger
from p2pnet.core.merge import Verdict
from p2pnet.core.messages import Header
from p2pnet.core.peer import PeerCore
from p2pnet.core.session import Session
from p2pnet.core.settings import Settings
from p2pnet.core.succession import Succession
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.mishaps import (
    alone,
    anew,
    bereft,
    comes_back,
    drowsy,
    forgetful,
    isolated,
    mute,
    one_works,
    patient,
)
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from simulations.mutants import MUTANTS


def drill(kind: Drill, seed: int = 1, players: int = 4) -> Scenario:
    return Scenario(players, (), seed, drill=kind)


def test_all_of_them_are_held_in_campaigns() -> None:
    held = {rules.do for rules in DRILLS.values()}
    assert {alone, anew, bereft, comes_back, drowsy, forgetful, isolated} <= held
    assert {mute, one_works, patient} <= held


def test_who_is_alone_dials_again_after_a_dial_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    plan_dial, dial_failed = Session.plan_dial, PeerCore.dial_failed

    def forgets(core: PeerCore, *details: Any) -> None:
        monkeypatch.setattr(Session, "plan_dial", lambda *details: None)
        dial_failed(core, *details)
        monkeypatch.setattr(Session, "plan_dial", plan_dial)

    monkeypatch.setattr(PeerCore, "dial_failed", forgets)
    assert breaks(drill(Drill.ALONE)) == "L1"


def test_who_yields_is_answered_in_the_end() -> None:
    with MUTANTS["yields_are_not_answered"].plant():
        assert "S30" in {breaks(Scenario(8, (), n, drill=Drill.ALONE)) for n in range(4)}


def test_who_slept_over_its_claim_asks_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Succession, "oversleep", lambda *details: None)
    assert "S09" in {breaks(drill(Drill.DROWSY, seed)) for seed in range(4)}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("claims_as_it_wakes", Drill.DROWSY),
        ("reigns_alone_at_once", Drill.PATIENT),
        ("takes_no_notice_of_stalls", Drill.PATIENT),
        ("a_second_link_to_a_newcomer_stays", Drill.COMES_BACK),
        ("the_isolated_oversleep_for_good", Drill.ISOLATED),
        ("isolated_for_ever", Drill.ISOLATED),
        ("waits_for_a_dead_host_to_take_it_in", Drill.BEREFT),
        ("who_overslept_waits_for_ever", Drill.BEREFT),
    ],
)
def test_what_is_done_wrong_shows(name: str, kind: Drill) -> None:
    with MUTANTS[name].plant():
        assert MUTANTS[name].invariant in {breaks(drill(kind, seed)) for seed in range(16)}


def test_who_is_asked_for_what_is_missing_has_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Succession, "_pull_next", lambda succession: None)
    assert "L1" in {breaks(drill(Drill.MUTE, seed)) for seed in range(3)}


def test_who_did_nothing_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def verdict(mine: Header, my_live: int, theirs: Header, their_live: int) -> Verdict:
        mine, theirs = (replace(header, worked=header.position) for header in (mine, theirs))
        return merge.verdict(mine, my_live, theirs, their_live)

    monkeypatch.setattr(reunion, "verdict", verdict)
    assert "S19" in {breaks(drill(Drill.ONE_WORKS, seed, 3)) for seed in range(6)}


def test_the_seat_of_a_host_that_left_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Succession.begin

    def forgets(succession: Succession, *details: Any) -> None:
        begin(succession, *details)
        succession.session.departed.clear()

    monkeypatch.setattr(Succession, "begin", forgets)
    assert "S30" in {breaks(drill(Drill.BEREFT, seed)) for seed in range(6)}


def test_two_processes_of_one_peer_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def outcome(ledger: Ledger, peer: Any, nonce: int, seq: int) -> bytes | None:
        line = ledger._outcomes.get(peer, {}).get(seq)
        return None if line is None else line.outcome

    monkeypatch.setattr(Ledger, "outcome", outcome)
    found = {breaks(drill(Drill.ANEW, seed)) for seed in range(4)}
    assert found == {"S16"}


def test_who_got_everything_anew_has_nothing_of_what_came_before() -> None:
    scenario = Scenario(3, (), 1, settings=Settings(tail_updates_max=4), drill=Drill.FORGETFUL)
    with MUTANTS["old_updates_are_told_for_new_ones"].plant():
        assert breaks(scenario) == "S14"
