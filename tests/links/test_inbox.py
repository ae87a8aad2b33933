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
    assert not inbox.is_full
    inbox.put(b"")
    assert inbox.is_full
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
