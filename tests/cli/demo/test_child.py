from __future__ import annotations

import sys

import pytest
import trio

from p2pnet.cli.demo.child import CAN_FREEZE, Child
from p2pnet.cli.demo.evidence import Record

from .conftest import STAND_IN
from .fabricated import A

TIME_S = 30.0


class Taker:
    """Takes what a child prints."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._news = trio.lowlevel.ParkingLot()

    def take(self, child: Child, record: Record) -> None:
        self.records.append(record)
        self._news.unpark_all()

    async def until(self, kind: str) -> Record:
        with trio.fail_after(TIME_S):
            while True:
                for record in self.records:
                    if record["event"] == kind:
                        return record
                await self._news.park()


async def test_it_is_spoken_to_line_by_line(nursery: trio.Nursery) -> None:
    child, taker = Child(A, list(STAND_IN)), Taker()
    assert not child.is_alive
    await nursery.start(child.serve, taker.take)
    assert child.is_alive
    first = await child.ask(status=True)
    assert (await taker.until("status"))["id"] == first
    assert await child.ask(dump=True) == first + 1


async def test_it_ends_with_its_task(nursery: trio.Nursery) -> None:
    child, taker = Child(A, list(STAND_IN)), Taker()
    async with trio.open_nursery() as inner:
        await inner.start(child.serve, taker.take)
        await taker.until("ready")
        inner.cancel_scope.cancel()
    assert child.exit_status is not None
    assert child.exit_status != 0
    assert not child.was_killed  # not by the script


async def test_a_frozen_one_ends_with_its_task_too() -> None:
    child, taker = Child(A, list(STAND_IN)), Taker()
    with trio.fail_after(TIME_S):
        async with trio.open_nursery() as inner:
            await inner.start(child.serve, taker.take)
            await taker.until("ready")
            child.freeze()
            inner.cancel_scope.cancel()
    assert child.exit_status is not None


@pytest.mark.skipif(not CAN_FREEZE, reason="this system has no SIGSTOP")
async def test_a_frozen_one_answers_nothing_and_can_be_killed(nursery: trio.Nursery) -> None:
    child, taker = Child(A, list(STAND_IN)), Taker()
    await nursery.start(child.serve, taker.take)
    await taker.until("ready")
    child.freeze()
    await child.ask(status=True)
    child.kill()
    with trio.fail_after(TIME_S):
        while child.exit_status is None:
            await trio.lowlevel.checkpoint()
    assert not any(record["event"] == "status" for record in taker.records)
    assert not child.is_alive


async def test_what_is_said_to_the_dead_is_lost_quietly(nursery: trio.Nursery) -> None:
    child, taker = Child(A, list(STAND_IN)), Taker()
    await nursery.start(child.serve, taker.take)
    await child.send(end=True)
    with trio.fail_after(TIME_S):
        while child.exit_status is None:
            await trio.lowlevel.checkpoint()
    await child.send(status=True)
    child.freeze()
    assert child.exit_status == 0


async def test_its_last_words_are_kept(nursery: trio.Nursery) -> None:
    child, taker = Child(A, [*STAND_IN, "loud"]), Taker()
    with trio.fail_after(TIME_S):
        await child.serve(taker.take)
    assert child.exit_status == 3
    assert list(child.complaints) == ["first words", "last words"]


async def test_lines_in_pieces_are_put_together(nursery: trio.Nursery) -> None:
    code = (
        "import sys; w = sys.stdout.write; f = sys.stdout.flush\n"
        'w(\'{"event": "on\'); f(); w(\'e"}\\n\\n{"event": "two"}\\n\'); f()'
    )
    taker = Taker()
    with trio.fail_after(TIME_S):
        await Child(A, [sys.executable, "-c", code]).serve(taker.take)
    assert [record["event"] for record in taker.records] == ["one", "two"]
