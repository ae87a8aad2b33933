from __future__ import annotations

import threading

import pytest
import trio

from p2pnet.testing.guest import Guest
from p2pnet.testing.virtual_clock import Stuck


def test_between_two_steps_everything_stands_still() -> None:
    log: list[float] = []
    before = set(threading.enumerate())

    async def count(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        while True:
            await trio.sleep(1)
            log.append(trio.current_time())

    with Guest() as guest:
        guest.start(count)
        guest.run_until(2_500_000)
        assert log == [1, 2] and guest.clock.now_us == 2_500_000
        guest.run_for(500_000)
        assert log == [1, 2, 3]
        assert guest.run_while(lambda: len(log) < 6)
        assert guest.clock.now_us == 6_000_000
        assert not guest.run_while(lambda: True, limit_us=1_000_000)
        assert guest.clock.now_us == 7_000_000
        assert set(threading.enumerate()) <= before


def test_a_coroutine_is_called_like_a_function() -> None:
    async def double(number: int) -> int:
        await trio.sleep(number)
        return 2 * number

    async def fail() -> None:
        raise KeyError("no")

    async def wait(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.sleep(1_000)

    with Guest() as guest:
        guest.start(wait)
        assert guest.call(double, 0) == 0 and guest.clock.now_us == 0
        assert guest.call(double, 21) == 42
        assert guest.clock.now_us == 21_000_000
        with pytest.raises(KeyError, match="no"):
            guest.call(fail)
        assert guest.call(double, 1) == 2


def test_what_a_task_raises_comes_out_where_the_run_is_driven() -> None:
    async def fail(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.sleep(1)
        raise KeyError("no")

    def drive() -> None:
        with Guest() as guest:
            guest.start(fail)
            guest.run_for(500_000)
            guest.run_for(1_000_000)

    with pytest.raises(ExceptionGroup) as caught:
        drive()
    assert caught.group_contains(KeyError)


@pytest.mark.parametrize("shield", [False, True])
def test_a_run_that_can_not_go_on_fails_where_it_is_driven(shield) -> None:
    async def wait() -> None:
        with trio.CancelScope(shield=shield):
            await trio.sleep_forever()

    with pytest.raises(Stuck, match="nothing can happen any more"), Guest() as guest:
        guest.call(wait)
    with Guest() as guest:
        guest.call(trio.sleep, 1)
        assert guest.clock.now_us == 1_000_000


def test_what_can_not_be_called_off_is_a_failure_and_no_hang() -> None:
    async def stay(task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope(shield=True):
            task_status.started()
            for _ in range(1_000_000):
                await trio.sleep(1)

    with pytest.raises(Stuck), Guest(limit_s=float("inf")) as guest:
        guest.start(stay)
