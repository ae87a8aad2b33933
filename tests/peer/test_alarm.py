from __future__ import annotations

import trio
from trio.testing import MockClock

from p2pnet.peer.alarm import Alarm


async def test_it_rings_once_at_the_time_that_was_set_last(clock: MockClock) -> None:
    rung: list[float] = []
    alarm = Alarm(lambda: rung.append(trio.current_time()))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(alarm.run)
        begin = trio.current_time()
        for later in (3, 5, 4, 10, 2):
            alarm.set(begin + later)
        await trio.sleep(20)
        assert rung == [begin + 2]
        alarm.set(begin + 30)
        await trio.sleep(5)
        alarm.set(begin + 40)
        await trio.sleep(30)
        assert rung == [begin + 2, begin + 40]
        nursery.cancel_scope.cancel()


async def test_a_time_that_is_over_is_now_and_one_before_it_runs_counts(clock: MockClock) -> None:
    rung: list[float] = []
    alarm = Alarm(lambda: rung.append(trio.current_time()))
    begin = trio.current_time()
    alarm.set(begin - 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(alarm.run)
        await trio.sleep(1)
        assert rung == [begin]
        alarm.set(begin)
        await trio.sleep(1)
        assert rung == [begin, begin + 1]
        nursery.cancel_scope.cancel()
