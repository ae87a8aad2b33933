from __future__ import annotations

import trio
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from p2pnet.core.values import LinkId
from p2pnet.peer.inbox import WAITING_BYTES_MAX, Inbox
from p2pnet.peer.inputs import FrameReceived, Tick

FULL = 1_024
LARGE = FrameReceived(LinkId(1), bytes(WAITING_BYTES_MAX // 4))


def frame(number: int) -> FrameReceived:
    return FrameReceived(LinkId(1), str(number).encode())


async def test_first_in_first_out_in_batches() -> None:
    inbox = Inbox()
    for number in range(5):
        await inbox.put(frame(number))
    assert inbox.take(3) == [frame(0), frame(1), frame(2)]
    assert inbox.take(3) == [frame(3), frame(4)]
    assert inbox.take(3) == []


async def test_what_is_put_back_comes_first() -> None:
    inbox = Inbox()
    for number in range(3):
        await inbox.put(frame(number))
    inbox.put_back(inbox.take(2))
    assert inbox.take(3) == [frame(0), frame(1), frame(2)]


async def test_waiting_ends_with_the_first_input() -> None:
    inbox = Inbox()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.wait)
        await wait_all_tasks_blocked()
        assert len(nursery.child_tasks) == 1
        inbox.put_nowait(Tick())
    assert len(inbox) == 1


async def test_waiting_gives_way_to_others_even_if_there_is_input() -> None:
    inbox = Inbox()
    inbox.put_nowait(Tick())
    with assert_checkpoints():
        await inbox.wait()


async def test_links_wait_when_it_is_full_and_commands_do_not() -> None:
    inbox = Inbox()
    for number in range(FULL):
        await inbox.put(frame(number))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.put, frame(FULL))
        await wait_all_tasks_blocked()
        assert len(inbox) == FULL
        inbox.put_nowait(Tick())
        assert len(inbox) == FULL + 1

        inbox.take(1)
        await wait_all_tasks_blocked()
        assert len(inbox) == FULL, "there is no room yet"
        inbox.take(1)
    assert inbox.take(FULL + 1)[-2:] == [Tick(), frame(FULL)]


async def test_links_wait_when_there_are_too_many_bytes_and_commands_do_not() -> None:
    inbox = Inbox()
    for _ in range(4):
        assert inbox.offer(LARGE)
    assert inbox.waiting_bytes == WAITING_BYTES_MAX
    assert not inbox.offer(frame(1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.put, LARGE)
        await wait_all_tasks_blocked()
        assert len(inbox) == 4
        inbox.put_nowait(Tick())
        assert len(inbox) == 5

        inbox.take(1)
    assert len(inbox) == 5 and not inbox.offer(LARGE)
    assert inbox.take(3) == [LARGE, LARGE, LARGE]
    assert inbox.waiting_bytes == WAITING_BYTES_MAX // 4
    inbox.put_back([LARGE])
    assert inbox.waiting_bytes == WAITING_BYTES_MAX // 2
    inbox.close()
    assert inbox.waiting_bytes == 0


async def test_a_frame_that_is_larger_than_the_bound_waits_alone() -> None:
    inbox = Inbox()
    whole = FrameReceived(LinkId(1), bytes(2 * WAITING_BYTES_MAX))
    assert inbox.offer(whole)
    assert not inbox.offer(frame(1))
    assert inbox.take(2) == [whole]
    assert inbox.offer(frame(1))


async def test_a_cancelled_wait_for_room_adds_nothing() -> None:
    inbox = Inbox()
    for number in range(FULL):
        await inbox.put(frame(number))
    with trio.CancelScope() as scope:
        scope.cancel()
        await inbox.put(frame(FULL))
    assert scope.cancelled_caught
    assert len(inbox) == FULL


async def test_a_closed_inbox_gives_what_it_holds_and_takes_no_more() -> None:
    inbox = Inbox()
    for number in range(FULL):
        await inbox.put(frame(number))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.put, frame(FULL))
        await wait_all_tasks_blocked()
        assert inbox.close() == [frame(number) for number in range(FULL)]
    for number in range(2 * FULL):
        await inbox.put(frame(number))
    inbox.put_nowait(Tick())
    assert len(inbox) == 0


async def test_what_is_offered_is_taken_if_there_is_room() -> None:
    inbox = Inbox()
    for number in range(FULL):
        assert inbox.offer(frame(number))
    assert not inbox.offer(frame(FULL))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.wait_room)
        await wait_all_tasks_blocked()
        assert nursery.child_tasks
        inbox.take(1)
    assert inbox.offer(frame(FULL))


async def test_the_bell_ends_the_wait_once() -> None:
    inbox = Inbox()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.wait)
        await wait_all_tasks_blocked()
        inbox.ring()
    inbox.ring()
    await inbox.wait()
    with trio.move_on_after(0.01) as patience:
        await inbox.wait()
    assert patience.cancelled_caught and inbox.take(1) == []
