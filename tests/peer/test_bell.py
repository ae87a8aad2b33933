from __future__ import annotations

import trio
from trio.testing import wait_all_tasks_blocked

from p2pnet.peer.bell import Bell


async def test_who_waits_is_woken_once_by_any_number_of_rings() -> None:
    bell, woken = Bell(), []

    async def wait() -> None:
        for number in range(2):
            await bell.wait()
            woken.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        assert woken == []
        bell.ring()
        bell.ring()
        await wait_all_tasks_blocked()
        assert woken == [0]
        bell.ring()
    assert woken == [0, 1]


async def test_a_ring_that_nobody_waits_for_is_not_kept() -> None:
    bell = Bell()
    bell.ring()
    with trio.CancelScope() as scope:
        scope.cancel()
        await bell.wait()
    assert scope.cancelled_caught


async def test_a_wait_that_was_called_off_leaves_nobody_to_wake() -> None:
    bell = Bell()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bell.wait)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        bell.ring()  # in the moment in which it is both woken and cancelled
    bell.ring()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(bell.wait)
        await wait_all_tasks_blocked()
        bell.ring()
