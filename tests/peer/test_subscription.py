from __future__ import annotations

import pytest
import trio
import trio.testing

from p2pnet.core.errors import EventsMissed
from p2pnet.core.events import Event, HostSuspected
from p2pnet.core.values import PeerId
from p2pnet.peer.subscription import WAITING_EVENTS_MAX, Fanout, Subscription


def event(number: int) -> Event:
    return HostSuspected(PeerId(str(number)))


async def read(subscription: Subscription) -> list[Event]:
    return [each async for each in subscription]


async def test_events_come_in_order_and_end() -> None:
    fanout = Fanout()
    subscription = fanout.subscribe()
    for number in range(3):
        fanout.put(event(number))
    fanout.end()
    assert await read(subscription) == [event(0), event(1), event(2)]


async def test_a_subscription_begins_when_it_is_made_not_when_it_is_read() -> None:
    fanout = Fanout()
    fanout.put(event(0))
    early = fanout.subscribe()
    fanout.put(event(1))
    late = fanout.subscribe()
    fanout.put(event(2))
    fanout.end()
    assert await read(early) == [event(1), event(2)]
    assert await read(late) == [event(2)]


async def test_a_reader_waits_for_the_next_event() -> None:
    fanout = Fanout()
    subscription = fanout.subscribe()
    got: list[Event] = []

    async def reader() -> None:
        got.append(await anext(subscription))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader)
        await trio.testing.wait_all_tasks_blocked()
        assert got == []
        fanout.put(event(1))
    assert got == [event(1)]


async def test_a_waiting_reader_is_released_by_the_end() -> None:
    fanout = Fanout()
    subscription = fanout.subscribe()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(read, subscription)
        await trio.testing.wait_all_tasks_blocked()
        fanout.end()


async def test_a_slow_reader_gets_what_was_in_time_and_then_an_error() -> None:
    fanout = Fanout()
    slow = fanout.subscribe()
    for number in range(WAITING_EVENTS_MAX + 1):
        fanout.put(event(number))
    quick = fanout.subscribe()
    fanout.put(event(-1))
    fanout.end()

    got = []
    with pytest.raises(EventsMissed, match=str(WAITING_EVENTS_MAX)):  # noqa: PT012
        async for each in slow:
            got.append(each)
    assert got == [event(number) for number in range(WAITING_EVENTS_MAX)]
    assert await read(quick) == [event(-1)]


async def test_a_buffer_that_is_just_full_loses_nothing() -> None:
    fanout = Fanout()
    subscription = fanout.subscribe()
    for number in range(WAITING_EVENTS_MAX):
        fanout.put(event(number))
    fanout.end()
    assert len(await read(subscription)) == WAITING_EVENTS_MAX


async def test_after_the_end_a_subscription_is_empty() -> None:
    fanout = Fanout()
    fanout.end()
    assert await read(fanout.subscribe()) == []


async def test_reading_gives_way_to_others_even_if_events_wait() -> None:
    fanout = Fanout()
    subscription = fanout.subscribe()
    fanout.put(event(0))
    with trio.testing.assert_checkpoints():
        await anext(subscription)


async def test_a_subscription_that_is_dropped_is_forgotten() -> None:
    fanout = Fanout()
    held = fanout.subscribe()
    for _ in range(3):
        fanout.subscribe()
    fanout.put(event(0))
    assert len(fanout) == 1
    assert await anext(held) == event(0)
