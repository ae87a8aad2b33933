from __future__ import annotations

from p2pnet.cli.demo.evidence import Evidence, Run

from .fabricated import A, B, order, told


def test_a_command_goes_from_given_to_submitted_to_acknowledged() -> None:
    evidence = Evidence()
    evidence.add(one := order(A, 1, 5), 1)
    assert (evidence.unsettled(A), evidence.acknowledged(A)) == (1, 0)
    told(evidence, A, 10.0, "submitted", id=1)
    assert (one.submitted_ms, one.settled) == (10.0, False)
    told(evidence, A, 12.0, "result", id=1, value=5)
    assert (one.done_ms, one.acknowledged) == (12.0, True)
    assert (evidence.unsettled(A), evidence.acknowledged(A)) == (0, 1)


def test_a_command_that_failed_is_settled_and_not_acknowledged() -> None:
    evidence = Evidence()
    evidence.add(one := order(A, 1, 5), 1)
    told(evidence, A, 12.0, "failed", id=1, error="CommandLost")
    assert (one.settled, one.acknowledged, one.error) == (True, False, "CommandLost")
    assert (evidence.unsettled(A), evidence.acknowledged(A)) == (0, 0)


def test_runs_do_not_mix_though_their_requests_have_the_same_ids() -> None:
    evidence = Evidence()
    evidence.add(order(A, 1, 5), 1)
    evidence.add(order(B, 1, 5), 1)
    told(evidence, B, 12.0, "result", id=1, value=5)
    assert (evidence.unsettled(A), evidence.unsettled(B)) == (1, 0)
    assert [o.ticket for o in evidence.all_orders()] == ["MachineA#1:1", "MachineB#1:1"]


def test_answers_are_no_news() -> None:
    evidence = Evidence()
    for kind in ("submitted", "result", "dump", "status"):
        assert not evidence.take(A, {"t_ms": 1.0, "event": kind, "id": 1})
    assert evidence.take(A, {"t_ms": 1.0, "event": "host_lost"})
    assert [record["event"] for _, record in evidence.news] == ["host_lost"]


def test_dumps_are_found_by_their_request() -> None:
    evidence = Evidence()
    told(evidence, A, 1.0, "dump", id=7, role="host")
    assert evidence.dumps[A, 7]["role"] == "host"


def test_the_first_of_a_kind_since_a_time() -> None:
    evidence = Evidence()
    for t_ms in (1.0, 5.0, 9.0):
        told(evidence, A, t_ms, "host_lost")
    found = evidence.first(A, "host_lost", 5.0)
    assert found is not None
    assert found["t_ms"] == 5.0
    assert evidence.first(A, "host_lost", 9.5) is None
    assert evidence.first(B, "host_lost") is None


def test_the_first_result_of_what_was_submitted_since() -> None:
    evidence = Evidence()
    for number, submitted, done in ((1, 10.0, 40.0), (2, 20.0, 35.0), (3, 21.0, 30.0)):
        evidence.add(order(A, number, 1), number)
        told(evidence, A, submitted, "submitted", id=number)
        told(evidence, A, done, "result", id=number, value=1)
    assert evidence.first_result_ms(A, 15.0) == 30.0
    assert evidence.first_result_ms(A, 21.0) is None


def test_what_is_lost_with_a_branch_is_told_by_its_tickets() -> None:
    evidence, run = Evidence(), Run("MachineA", 2)
    command = b"\x93\x01MachineA#2:17\x05".hex()
    evidence.take(run, {"event": "branch_discarded", "commands": [command], "tickets": [3]})
    assert evidence.discarded == {"MachineA#2:17"}
