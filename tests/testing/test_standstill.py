from __future__ import annotations

from collections import deque

import trio

from p2pnet.testing import reproducible
from p2pnet.testing.scheduler import queue_of
from p2pnet.testing.standstill import Standstill


async def process(told: list[str], *, task_status: trio.TaskStatus[trio.lowlevel.Task]) -> None:
    """A task with another one below it, both of which tell once a second that they run."""

    async def tell(name: str) -> None:
        while True:
            await trio.sleep(1)
            told.append(name)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell, "below")
        task_status.started(trio.lowlevel.current_task())
        await tell("top")


async def play(told: list[str], other: list[str]) -> None:
    standstill = Standstill()
    async with trio.open_nursery() as nursery:
        top = await nursery.start(process, told)
        await nursery.start(process, other)
        await trio.sleep(1.5)
        standstill.begin(top)
        await trio.sleep(3)
        told.append("goes on")
        standstill.end(top)
        standstill.end(top)  # which does nothing
        assert type(queue_of(top)) is deque
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()


def test_nothing_of_a_process_runs_while_it_stands_still() -> None:
    told: list[str] = []
    other: list[str] = []
    reproducible.run(play, told, other)
    assert sorted(told[:2]) == ["below", "top"]
    assert told[2] == "goes on"
    assert sorted(told[3:]) == ["below", "top"]  # once: what it slept for went by long ago
    assert len(other) == 8


def test_it_is_the_same_each_time() -> None:
    runs = []
    for _ in range(2):
        told: list[str] = []
        reproducible.run(play, told, [], seed=3)
        runs.append(told)
    assert runs[0] == runs[1]


def test_who_stands_still_ends_when_it_is_called_off_and_goes_on() -> None:
    async def call_off() -> None:
        standstill, told = Standstill(), []  # type: ignore[var-annotated]
        async with trio.open_nursery() as nursery:
            top = await nursery.start(process, told)
            standstill.begin(top)
            nursery.cancel_scope.cancel()
            standstill.end(top)
        assert told == []

    reproducible.run(call_off)
