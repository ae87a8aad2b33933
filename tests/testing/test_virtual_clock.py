from __future__ import annotations

import pytest
import trio

from p2pnet.testing.reproducible import run
from p2pnet.testing.virtual_clock import Stuck, VirtualClock, tasks_now


def the_clock() -> VirtualClock:
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, VirtualClock)
    return clock


def test_tasks_and_entries_share_one_time() -> None:
    async def main() -> list[str]:
        clock, log = the_clock(), []
        clock.after(2_000_000, lambda: log.append(f"entry {clock.now_us}"))
        clock.after(500_000, lambda: clock.after(0, lambda: log.append(f"soon {clock.now_us}")))
        for _ in range(3):
            await trio.sleep(1)
            log.append(f"task {trio.current_time()}")
        return log

    assert sorted(run(main)) == [
        "entry 2000000", "soon 500000", "task 1.0", "task 2.0", "task 3.0",
    ]  # fmt: skip


def test_entries_of_one_instant_are_done_in_the_order_of_their_planning() -> None:
    async def main() -> list[int]:
        clock, log = the_clock(), []
        for number in range(300):
            clock.after(1_000, lambda number=number: log.append(number))
        await trio.sleep(1)
        return log

    assert run(main) == list(range(300))


def test_an_entry_can_wake_a_task() -> None:
    async def main() -> float:
        event = trio.Event()
        the_clock().after(1_234, event.set)
        await event.wait()
        return trio.current_time()

    assert run(main) == 0.001234


def test_a_wait_ends_at_the_instant_at_which_it_comes_true() -> None:
    async def main() -> int:
        clock, log = the_clock(), []
        clock.after(70_000, lambda: log.append(1))
        await clock.wait_until(lambda: True)
        await clock.wait_until(lambda: bool(log))
        return clock.now_us

    assert run(main) == 70_000


def test_who_waits_for_idleness_is_told_before_time_goes_on() -> None:
    async def main() -> float:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 5)
            await trio.testing.wait_all_tasks_blocked()
            return trio.current_time()

    assert run(main) == 0


async def wait_for_ever() -> None:
    await trio.sleep_forever()


async def take_for_ever() -> None:
    while True:  # noqa: ASYNC110
        await trio.sleep(1)


async def be_busy_for_ever() -> None:
    while True:
        await trio.lowlevel.checkpoint()


async def plan_for_ever() -> None:
    def again() -> None:
        the_clock().after(0, again)

    again()
    await trio.sleep_forever()


@pytest.mark.parametrize("shield", [False, True])
@pytest.mark.parametrize(
    ("main", "why"),
    [
        (wait_for_ever, "nothing can happen any more"),
        (take_for_ever, "not done after 10 virtual seconds"),
        (be_busy_for_ever, "time stands still at 0.000000 s"),
        (plan_for_ever, "time stands still at 0.000000 s"),
    ],
)
def test_a_run_that_can_not_go_on_fails_and_says_who_waits(main, why, shield) -> None:
    async def shielded() -> None:
        with trio.CancelScope(shield=shield):
            await main()

    with pytest.raises(Stuck, match=rf"{why}[^$]*test_virtual_clock.py:\d+"):
        run(shielded, limit_s=10)
    assert run(trio.sleep, 5) is None  # and the next one is as good as new


def test_tasks_are_told_by_the_place_where_they_wait() -> None:
    async def main() -> str:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_ever, name="a waiter")
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
            return tasks_now()

    assert "  a waiter: testing/test_virtual_clock.py:" in run(main)
