from __future__ import annotations

from p2pnet.core.timers import Timers


def test_nothing_is_due_at_first() -> None:
    timers = Timers()
    assert timers.next() is None and timers.take_due(10**12) is None


def test_a_deadline_is_due_at_its_time_and_not_before() -> None:
    timers = Timers()
    timers.set("claim", at=100)
    assert timers.take_due(99) is None
    assert timers.take_due(100) == ("claim",)
    assert timers.take_due(100) is None, "each is handed out once"


def test_the_earliest_comes_first() -> None:
    timers = Timers()
    timers.set("late", at=30)
    timers.set("early", at=10)
    timers.set("middle", at=20)
    assert timers.next() == 10
    assert [timers.take_due(50) for _ in range(3)] == [("early",), ("middle",), ("late",)]


def test_equal_deadlines_come_in_the_order_of_their_names_whatever_came_first() -> None:
    one, other = Timers(), Timers()
    for name in ("a", "b", "c"):
        one.set(name, at=5)
    for name in ("c", "a", "b"):
        other.set(name, at=5)
    assert [one.take_due(5) for _ in range(3)] == [other.take_due(5) for _ in range(3)]


def test_setting_again_moves_and_setting_once_does_not() -> None:
    timers = Timers()
    timers.set("seek", at=10)
    timers.set("seek", at=20)
    assert timers.next() == 20
    timers.set_once("seek", at=5)
    assert timers.next() == 20 and len(timers) == 1
    timers.hasten("seek", at=30)
    assert timers.next() == 20
    timers.hasten("seek", at=10)
    assert timers.next() == 10 and len(timers) == 1


def test_what_is_cancelled_never_comes() -> None:
    timers = Timers()
    timers.set("seat", "ana", at=1)
    timers.set("seat", "bo", at=2)
    timers.set("claim", at=3)
    timers.cancel("seat", "ana")
    timers.cancel("seat", "nobody")
    assert ("seat", "bo") in timers and ("seat", "ana") not in timers
    timers.cancel_all("seat")
    assert timers.take_due(9) == ("claim",)
    timers.set("claim", at=3)
    timers.clear()
    assert len(timers) == 0


def test_it_is_known_whether_the_earliest_may_be_another_one() -> None:
    timers = Timers()
    counts = [timers.changes]
    for change in (
        lambda: timers.set("a", at=5),
        lambda: timers.set_once("b", at=6),
        lambda: timers.hasten("b", at=4),
        lambda: timers.cancel("b"),
        lambda: timers.take_due(5),
        timers.clear,
    ):
        change()
        counts.append(timers.changes)
    assert counts == sorted(set(counts))
    timers.cancel("never set")
    assert timers.changes == counts[-1]
