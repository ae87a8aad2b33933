from __future__ import annotations

from p2pnet.world.clock import SessionClock

S = 1_000_000


def test_a_client_counts_on_between_what_it_is_told() -> None:
    clock = SessionClock()
    clock.observe(50 * S, running=True)  # this machine has been up for a while
    clock.correct(10 * S)
    clock.observe(50 * S + 300_000, running=True)
    assert clock.us == 10 * S + 300_000


def test_time_without_a_host_does_not_count() -> None:
    clock = SessionClock()
    clock.observe(0, running=True)
    clock.observe(400_000, running=False)
    clock.observe(800_000, running=True)
    assert clock.us == 400_000


def test_a_sleep_of_this_machine_does_not_count() -> None:
    clock = SessionClock()
    clock.observe(0, running=True)
    clock.observe(3600 * S, running=True)
    clock.observe(3600 * S + 1000, running=True)
    assert clock.us == 1000


def test_what_is_shown_never_goes_back() -> None:
    clock = SessionClock()
    clock.advance(5 * S)
    assert clock.show(clock.us) == 5 * S
    clock.correct(4 * S)
    assert clock.show(clock.us) == 5 * S
    clock.advance(2 * S)
    assert clock.show(clock.us) == 6 * S
