from __future__ import annotations

import pytest
from msgspec.structs import replace

from p2pnet.core.frame_parts import Executed
from p2pnet.core.ledger import Ledger
from p2pnet.core.values import PeerId

ANA, BO = PeerId("ana"), PeerId("bo")


def line(peer: PeerId, seq: int, floor: int = 1, nonce: int = 7) -> Executed:
    return Executed(peer, nonce, seq, floor, f"{peer}{seq}".encode())


def test_what_was_never_run_has_no_outcome() -> None:
    ledger = Ledger()
    assert ledger.last_of(ANA, 7) == 0 and ledger.outcome(ANA, 7, 1) is None


def test_what_was_run_is_answered_from_the_table() -> None:
    ledger = Ledger()
    ledger.record(line(ANA, 1))
    ledger.record(line(BO, 1))
    ledger.record(line(ANA, 2))
    assert ledger.last_of(ANA, 7) == 2
    assert ledger.outcome(ANA, 7, 1) == b"ana1" and ledger.outcome(BO, 7, 1) == b"bo1"


@pytest.mark.parametrize("seq", [1, 2])
def test_nothing_is_run_twice_or_out_of_order(seq: int) -> None:
    ledger = Ledger()
    ledger.record(line(ANA, 2))
    with pytest.raises(AssertionError):
        ledger.record(line(ANA, seq))


def test_outcomes_that_the_submitter_knows_are_dropped_and_stay_run() -> None:
    ledger = Ledger()
    for seq in (1, 2, 3):
        ledger.record(line(ANA, seq))
    ledger.record(line(ANA, 4, floor=3))
    assert [kept.seq for kept in ledger.lines()] == [3, 4]
    assert ledger.outcome(ANA, 7, 2) is None and ledger.last_of(ANA, 7) == 4


def test_a_restarted_process_counts_anew() -> None:
    ledger = Ledger()
    ledger.record(line(ANA, 5))
    assert ledger.last_of(ANA, 8) == 0 and ledger.outcome(ANA, 8, 5) is None
    ledger.record(line(ANA, 1, nonce=8))
    assert ledger.last_of(ANA, 8) == 1 and ledger.outcome(ANA, 8, 1) == b"ana1"
    assert ledger.outcome(ANA, 7, 5) is None, "nobody is left who waits for it"


def test_a_seat_that_is_given_up_leaves_nothing() -> None:
    ledger = Ledger()
    ledger.record(line(ANA, 1))
    ledger.record(line(BO, 1))
    ledger.forget(ANA)
    ledger.forget(PeerId("nobody"))
    assert ledger.lines() == (line(BO, 1),) and ledger.last_of(ANA, 7) == 0


def test_a_copy_from_a_snapshot_answers_the_same() -> None:
    ledger, copy = Ledger(), Ledger()
    copy.record(line(BO, 9))
    for seq in (1, 2, 3):
        ledger.record(line(ANA, seq, floor=seq - 1))
    copy.reset(ledger.marks, ledger.lines())
    assert copy == ledger
    ledger.record(line(ANA, 4))
    assert copy != ledger, "a copy, not the same table"


def test_a_trial_is_not_an_outcome_until_one_more_line_ends_it() -> None:
    ledger = Ledger()
    trial = replace(line(ANA, 1), trial=True)
    assert ledger.admits([trial]) and not ledger.admits([trial, trial])
    ledger.record(trial)
    assert ledger.outcome(ANA, 7, 1) is None and ledger.last_of(ANA, 7) == 1
    assert ledger.trials() == (trial,)
    assert not ledger.admits([trial]) and not ledger.admits([line(ANA, 1), line(ANA, 1)])
    assert ledger.admits([line(ANA, 1), line(ANA, 2)])
    ledger.record(line(ANA, 1))
    assert ledger.outcome(ANA, 7, 1) == b"ana1" and ledger.trials() == ()
    assert not ledger.admits([line(ANA, 1)])


def test_a_trial_of_an_earlier_process_ends_with_it() -> None:
    ledger = Ledger()
    ledger.record(replace(line(ANA, 1), trial=True))
    ledger.record(line(ANA, 1, nonce=8))
    assert ledger.trials() == () and ledger.outcome(ANA, 8, 1) == b"ana1"
    assert not ledger.admits([line(ANA, 1, nonce=8)])
