from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from p2pnet.core.errors import LinkDown, LinkEnd
from p2pnet.links.inbox import Inbox


async def test_the_end_comes_after_the_frames_and_stays() -> None:
    inbox = Inbox(1000)
    inbox.put(b"a")
    inbox.end(LinkEnd.CLOSED, "good-bye")
    inbox.end(LinkEnd.BROKEN, "too late")
    assert await inbox.take() == b"a"
    for _ in range(2):
        with pytest.raises(LinkDown) as caught:
            await inbox.take()
        assert (caught.value.end, caught.value.text) == (LinkEnd.CLOSED, "good-bye")


async def test_a_waiting_taker_gets_what_comes() -> None:
    inbox = Inbox(1000)
    taken = []

    async def take() -> None:
        taken.append(await inbox.take())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        await wait_all_tasks_blocked()
        inbox.put(b"a")
    assert taken == [b"a"]


async def test_room_is_made_by_taking_and_empty_frames_are_not_free() -> None:
    inbox = Inbox(100)
    inbox.put(b"")
    assert not inbox.is_full and inbox.waiting_bytes == 64
    inbox.put(b"")
    assert inbox.is_full and inbox.waiting_bytes == 128
    has_room = trio.Event()

    async def wait() -> None:
        await inbox.wait_room()
        has_room.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        assert not has_room.is_set()
        await inbox.take()
        await has_room.wait()


async def test_taking_a_flood_gives_way_to_other_tasks() -> None:
    inbox = Inbox(1 << 20)
    for _ in range(200):
        inbox.put(b"")
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count_turns)
        for _ in range(200):
            await inbox.take()
        nursery.cancel_scope.cancel()
    assert turns >= 4


async def test_what_is_poured_goes_straight_into_the_sink() -> None:
    inbox = Inbox(1000)
    inbox.put(b"before")
    sunk: list[bytes] = []

    async def pour() -> None:
        def sink(frame: bytes) -> bool:
            sunk.append(frame)
            return True

        with pytest.raises(LinkDown) as caught:
            await inbox.pour(sink, trio.lowlevel.checkpoint)
        assert caught.value.end is LinkEnd.CLOSED

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pour)
        await wait_all_tasks_blocked()
        assert sunk == [b"before"]
        inbox.put(b"one")
        assert sunk == [b"before", b"one"]  # without any task having had its turn
        assert inbox.waiting_bytes == 0
        inbox.put(b"two")
        inbox.end(LinkEnd.CLOSED, "")
    assert sunk == [b"before", b"one", b"two"]


async def test_what_the_sink_has_no_room_for_waits_and_keeps_its_order() -> None:
    inbox, room = Inbox(1000), trio.Event()
    sunk: list[bytes] = []

    def sink(frame: bytes) -> bool:
        if len(sunk) >= 2 and not room.is_set():
            return False
        sunk.append(frame)
        return True

    async with trio.open_nursery() as nursery:
        nursery.start_soon(inbox.pour, sink, room.wait)
        await wait_all_tasks_blocked()
        for number in range(5):
            inbox.put(bytes([number]))
        await wait_all_tasks_blocked()
        assert sunk == [b"\0", b"\1"] and inbox.waiting_bytes > 0
        room.set()
        await wait_all_tasks_blocked()
        assert sunk == [bytes([number]) for number in range(5)] and inbox.waiting_bytes == 0
        nursery.cancel_scope.cancel()
    inbox.put(b"after")
    assert await inbox.take() == b"after"
