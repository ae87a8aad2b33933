"""The verdict against what peers might print. Every way to go wrong has to be noticed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from p2pnet.cli.demo.evidence import Evidence, Run
from p2pnet.cli.demo.verdict import Verdict, judge, verdict_fields

from .fabricated import A2, A, B, C, good_evidence, order, told


@pytest.fixture
def evidence() -> Evidence:
    return good_evidence()


def fields(evidence: Evidence, run: Run, name: str) -> dict[str, Any]:
    """The synced fields of an object in the last dump of a peer."""
    return evidence.final[run]["objects"][name]["fields"]  # type: ignore[no-any-return]


def judged(evidence: Evidence, check: str) -> Verdict:
    """The verdict, which has to be false, because of this check."""
    verdict = judge(evidence)
    assert not verdict.survived
    assert check in verdict.failed
    return verdict


def test_a_game_where_all_went_well_survived(evidence: Evidence) -> None:
    verdict = judge(evidence)
    assert verdict.failed == ()
    assert verdict.survived
    assert (verdict.acked, verdict.lost, verdict.doubled) == (5, 0, 0)
    assert verdict.state_equal


def test_a_lost_command_on_one_peer_is_noticed(evidence: Evidence) -> None:
    del fields(evidence, C, "3")["journal"]["MachineB#1:1"]
    verdict = judged(evidence, "nothing lost")
    assert verdict.lost == 1
    assert "state equal on all peers" in verdict.failed


def test_a_command_lost_by_all_counts_once(evidence: Evidence) -> None:
    for run in (B, C, A2):
        del fields(evidence, run, "3")["journal"]["MachineB#1:1"]
        fields(evidence, run, "3")["gold"] = 0
    verdict = judged(evidence, "nothing lost")
    assert verdict.lost == 1
    assert verdict.state_equal  # they agree, and are all wrong


def test_a_command_done_twice_by_all_is_noticed(evidence: Evidence) -> None:
    for run in (B, C, A2):
        fields(evidence, run, "4")["journal"]["MachineB#1:2"] = 2
    assert judged(evidence, "nothing done twice").doubled == 1


def test_gold_that_no_command_explains_is_noticed(evidence: Evidence) -> None:
    for run in (B, C, A2):
        fields(evidence, run, "5")["gold"] += 1
    judged(evidence, "totals as they were computed here")


def test_a_command_that_nobody_gave_is_noticed(evidence: Evidence) -> None:
    for run in (B, C, A2):
        fields(evidence, run, "6")["journal"]["MachineC#1:99"] = 1
    judged(evidence, "nothing from nowhere")


def test_a_command_without_a_result_is_noticed(evidence: Evidence) -> None:
    evidence.add(order(C, 2, 1), 2)
    told(evidence, C, 150, "submitted", id=2)
    verdict = judged(evidence, "every command has its result")
    assert "nothing lost" in verdict.failed  # it was submitted, and is not in the state


def test_a_command_that_failed_is_noticed(evidence: Evidence) -> None:
    evidence.add(order(C, 2, 1), 2)
    told(evidence, C, 150, "failed", id=2, error="CommandLost")
    judged(evidence, "every command has its result")


@pytest.mark.parametrize("times", [0, 1])
def test_what_died_with_its_process_may_have_been_done_or_not(
    evidence: Evidence, times: int
) -> None:
    evidence.add(order(A, 2, 1), 2)
    told(evidence, A, 99, "submitted", id=2)
    for run in (B, C, A2):
        if times:
            fields(evidence, run, "1")["journal"]["MachineA#1:2"] = times
            fields(evidence, run, "1")["gold"] += 1
    assert judge(evidence).survived


def test_what_died_with_its_process_may_not_have_been_done_twice(evidence: Evidence) -> None:
    evidence.add(order(A, 2, 1), 2)
    for run in (B, C, A2):
        fields(evidence, run, "1")["journal"]["MachineA#1:2"] = 2
    judged(evidence, "nothing done twice")


@pytest.mark.parametrize(("key", "value"), [("position", "2:x/8"), ("digest", "ffff")])
def test_unequal_histories_are_noticed(evidence: Evidence, key: str, value: str) -> None:
    evidence.final[C] = {**evidence.final[C], key: value}
    assert not judged(evidence, "state equal on all peers").state_equal


def test_unequal_objects_are_noticed_even_if_the_digests_agree(evidence: Evidence) -> None:
    fields(evidence, C, "6")["colour"] = "red"
    judged(evidence, "state equal on all peers")


@pytest.mark.parametrize("where", ["final", "after"])
@pytest.mark.parametrize("name", ["1", "4"])
def test_a_missing_object_is_noticed(evidence: Evidence, where: str, name: str) -> None:
    dumps = evidence.final if where == "final" else evidence.failovers[0].after
    for dump in dumps.values():
        del dump["objects"][name]
    judged(evidence, "players and objects back")


def test_an_object_that_changed_its_owner_is_noticed(evidence: Evidence) -> None:
    for dump in evidence.final.values():
        dump["objects"]["4"]["owner"] = "id-MachineC"
    judged(evidence, "players and objects back")


def test_a_player_that_still_sleeps_is_noticed(evidence: Evidence) -> None:
    for dump in evidence.final.values():
        dump["objects"]["1"]["active"] = False
    judged(evidence, "players awake")


@pytest.mark.parametrize("key", ["connection_id", "old_connection_id"])
def test_wrong_connection_ids_are_noticed(evidence: Evidence, key: str) -> None:
    after = evidence.failovers[0].after
    after[C] = {**after[C], key: 5}
    judged(evidence, "connection ids as in the manual")


def test_who_was_the_host_has_to_come_back_as_zero(evidence: Evidence) -> None:
    evidence.returns[0] = (A2, {"old_connection_id": -1})
    judged(evidence, "connection ids as in the manual")


@pytest.mark.parametrize(("key", "value"), [("role", "host"), ("epoch", 1), ("host", "id-X")])
def test_two_hosts_or_an_old_reign_are_noticed(evidence: Evidence, key: str, value: Any) -> None:
    after = evidence.failovers[0].after
    after[C] = {**after[C], key: value}
    judged(evidence, "one new host in a new epoch")


def test_a_survivor_that_gave_no_state_is_noticed(evidence: Evidence) -> None:
    del evidence.failovers[0].after[C]
    judged(evidence, "connection ids as in the manual")


def test_a_survivor_that_does_not_play_is_noticed(evidence: Evidence) -> None:
    evidence.orders[C].clear()
    judged(evidence, "everybody plays on")


def test_who_came_back_has_to_play(evidence: Evidence) -> None:
    evidence.orders[A2].clear()
    told(evidence, A2, 220, "state_changed")
    evidence._results[A2] = 0
    judged(evidence, "everybody plays on")


def test_a_kill_with_nothing_in_flight_proves_too_little(evidence: Evidence) -> None:
    evidence.failovers[0].in_flight = ()
    judged(evidence, "everybody plays on")


def test_no_evidence_is_no_survival() -> None:
    verdict = judge(Evidence())
    assert not verdict.survived
    assert not verdict.state_equal


def test_the_last_line_of_the_stream(evidence: Evidence) -> None:
    line = verdict_fields(evidence, judge(evidence), None)
    assert msgspec.json.decode(msgspec.json.encode(line)) == {
        "event": "verdict",
        "survived": True,
        "acked": 5,
        "lost": 0,
        "doubled": 0,
        "state_equal": True,
        "failovers": [
            {
                "cause": "SIGKILL",
                "killed": "MachineA",
                "host": "MachineB",
                "in_flight": 1,
                "detect_ms": 3.0,
                "claim_ms": 10.0,
                "crown_ms": 20.0,
                "rejoin_ms": 25.0,
                "playing_ms": 40.0,
            }
        ],
        "failed": [],
        "trouble": None,
    }


def test_trouble_is_no_survival(evidence: Evidence) -> None:
    line = verdict_fields(evidence, judge(evidence), "gave up")
    assert (line["survived"], line["trouble"]) == (False, "gave up")


def test_failed_checks_are_named_with_some_of_their_faults(evidence: Evidence) -> None:
    for number in range(20):
        fields(evidence, C, "6")["journal"][f"MachineC#1:{number + 50}"] = 1
    failed = {c["check"]: c for c in verdict_fields(evidence, judge(evidence), None)["failed"]}
    assert failed["nothing from nowhere"]["count"] == 20
    assert len(failed["nothing from nowhere"]["faults"]) == 5
