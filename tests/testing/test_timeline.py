from __future__ import annotations

from p2pnet.testing.timeline import Timeline


def test_time_jumps_from_one_thing_to_the_next() -> None:
    time, seen = Timeline(), []
    for delay in (30, 10, 20, 10):
        time.after(delay, lambda: seen.append(time.now))
    time.run_until(25)
    assert seen == [10, 10, 20] and time.now == 25
    assert not time.run_while(lambda: len(seen) < 5, 1_000), "nothing more will happen"
    assert seen == [10, 10, 20, 30]


def test_things_for_one_instant_happen_in_the_order_of_their_planning() -> None:
    time, seen = Timeline(), []
    for name in "zebra":
        time.after(5, lambda n=name: seen.append(n))  # type: ignore[misc]
    time.after(0, lambda: time.after(5, lambda: seen.append("last")))
    time.run_for(5)
    assert "".join(seen) == "zebralast"


def test_what_is_planned_while_time_stands_still_happens_in_the_same_instant() -> None:
    time, seen = Timeline(), []
    time.after(5, lambda: time.after(0, lambda: seen.append(time.now)))
    time.run_until(5)
    assert seen == [5]


def test_running_for_a_while_goes_on_only_as_long_as_it_is_needed() -> None:
    time, seen = Timeline(), []
    for delay in (10, 20, 30):
        time.after(delay, lambda: seen.append(time.now))
    assert time.run_while(lambda: len(seen) < 2)
    assert seen == [10, 20] and time.now == 20
