from __future__ import annotations

import os
import warnings
from functools import partial

import trio
from msgspec.structs import replace

from p2pnet.testing.leftovers import (
    count_tasks,
    count_timers,
    given,
    listen_to_python,
    open_files,
    story_of,
)
from p2pnet.testing.trio_lane import TrioLane
from p2pnet.world.wire import Done, encode

from .watched import broken


def test_what_python_would_print_is_noted() -> None:
    complaints: list[str] = []
    with listen_to_python(complaints):
        warnings.warn("on second thoughts", stacklevel=1)
        trio.sleep(1)  # noqa: ASYNC105
    assert "on second thoughts" in complaints
    assert any("never awaited" in complaint for complaint in complaints)


def test_an_error_that_nobody_can_catch_is_noted() -> None:
    class Sore:
        def __del__(self) -> None:
            raise ValueError("ouch")

    complaints: list[str] = []
    with listen_to_python(complaints):
        Sore()
    assert len(complaints) == 1 and "ouch" in complaints[0]


def test_files_are_counted_where_that_can_be_known() -> None:
    before = open_files()
    reading, writing = os.pipe()
    if before:
        assert open_files() == before + 2
    os.close(reading)
    os.close(writing)
    assert open_files() == before


async def test_tasks_are_counted() -> None:
    before = await count_tasks()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        await trio.lowlevel.checkpoint()
        assert await count_tasks() == before + 1
        nursery.cancel_scope.cancel()


async def test_timers_are_seen() -> None:
    before = await count_timers()
    with trio.move_on_after(1_000):
        assert await count_timers() == 1
    assert await count_timers() == before


def test_a_story_goes_back_to_the_first_cause() -> None:
    error = ValueError("then")
    error.__cause__ = KeyError("first")
    assert story_of(error) == "ValueError('then') from KeyError('first')"


def settled(outcome: bytes) -> TrioLane:
    """A session in which one player did something, and the core gave this outcome."""
    lane = TrioLane()
    lane.game(2)
    lane.submit(lane.peers[1], "a move")
    lane.run_for(1_000_000)
    ((ticket, settle),) = lane.peers[1].settled.items()
    lane.peers[1].settled[ticket] = replace(settle, outcome=outcome)
    lane.close()
    return lane


def test_a_receipt_has_the_outcome_of_its_own_command() -> None:
    for result, is_right in ((1, True), (2, False)):
        lane = settled(encode(Done(result)))
        ((peer, text, receipt),) = lane._receipts
        if is_right:
            given(peer, text, receipt)
        else:
            assert "another than a move" in broken("L4", partial(given, peer, text, receipt))
            broken("L4", partial(given, peer, "no move", receipt))
