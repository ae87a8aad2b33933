from __future__ import annotations

import pytest

from p2pnet.core.errors import CommandRefusal, CommandRefused, TooManyInFlight
from p2pnet.core.outbox import Outbox
from p2pnet.core.settings import AckLevel, Settings, WhileDown

HOST, ONE, ALL = AckLevel.HOST, AckLevel.ONE, AckLevel.ALL


def outbox(*levels: AckLevel) -> Outbox:
    """Commands of these levels, each run in the update of its own number."""
    box = Outbox()
    for level in levels:
        submission = box.add(b"x", level)
        box.executed(submission.seq, b"done", submission.seq)
    return box


def test_commands_are_numbered_from_one_in_the_order_submitted() -> None:
    box = Outbox()
    added = [box.add(b"x", ONE) for _ in range(3)]
    assert [(s.ticket, s.seq) for s in added] == [(1, 1), (2, 2), (3, 3)]
    assert list(box) == added and len(box) == 3


def test_nothing_is_settled_before_it_was_run() -> None:
    box = Outbox()
    box.add(b"x", HOST)
    assert box.settle(99, 99, 99) == []


def test_each_level_waits_for_its_own_mark() -> None:
    box = outbox(HOST, ONE, ALL)
    assert [s.ack for s in box.settle(0, 0, 3)] == [HOST]
    assert [s.ack for s in box.settle(3, 0, 3)] == [ONE]
    assert [s.ack for s in box.settle(3, 2, 3)] == []
    assert [s.ack for s in box.settle(3, 3, 3)] == [ALL]
    assert len(box) == 0


def test_a_mark_settles_what_is_behind_it_and_nothing_after() -> None:
    box = outbox(ONE, ONE, ONE)
    assert [s.seq for s in box.settle(2, 0, 3)] == [1, 2]
    assert box.settle(2, 0, 3) == [], "once"


def test_the_floor_is_the_first_that_is_not_settled() -> None:
    box = outbox(ALL, HOST, HOST)
    assert box.floor == 1
    box.settle(0, 0, 3)
    assert box.floor == 1, "the first still waits"
    box.settle(3, 3, 3)
    assert box.floor == 4


def test_outcomes_of_unknown_commands_are_nobodys() -> None:
    box = outbox(ONE)
    box.executed(17, b"?", 1)
    assert [s.outcome for s in box] == [b"done"]


def test_after_a_change_of_branch_everything_has_to_be_looked_up_anew() -> None:
    box = outbox(HOST, HOST)
    box.forget_executions()
    assert box.settle(9, 9, 9) == []
    assert all(s.outcome is None and s.update_seq is None for s in box)


def test_draining_leaves_nothing_and_never_reuses_a_number() -> None:
    box = outbox(ONE, ONE)
    assert [s.ticket for s in box.drain()] == [1, 2]
    assert len(box) == 0 and box.add(b"x", ONE).ticket == 3


def test_what_a_better_branch_does_not_hold_is_taken_back_once() -> None:
    box = outbox(HOST, HOST, HOST, HOST)
    box.settle(0, 0, 4)
    gone = box.retract(2, 9, lambda submission: submission.seq <= 3)
    assert [s.ticket for s in gone] == [4], "3 was sent again and run there, 1 and 2 are shared"
    assert box.retract(0, 9, lambda submission: False) != gone
    assert box.retract(0, 9, lambda submission: False) == []


def test_what_another_branch_ran_later_is_named_when_that_branch_loses() -> None:
    box = Outbox()
    box.add(b"", AckLevel.HOST)
    box.executed(1, b"", update_seq=3)
    box.settle(0, 0, applied=3)
    assert box.retract(2, 8, lambda submission: True) == []  # the better branch ran it, too
    assert [lost.seq for lost in box.retract(5, 9, lambda submission: False)] == [1]


# --- while there is no host -----------------------------------------------------------------------


def test_so_many_commands_are_kept_for_the_next_host_and_no_more() -> None:
    box, limit = Outbox(), Settings(kept_commands_max=2)
    for _ in range(2):
        box.keep(limit)
    with pytest.raises(TooManyInFlight, match="2 commands wait"):
        box.keep(limit)
    box.forget_executions()  # there is a host again, and it was told of all of them
    box.keep(limit)
    assert box.kept == 1


def test_none_is_kept_if_the_settings_say_so() -> None:
    box = Outbox()
    with pytest.raises(CommandRefused) as caught:
        box.keep(Settings(while_down=WhileDown.REFUSE))
    assert caught.value.reason is CommandRefusal.NO_HOST and box.kept == 0
