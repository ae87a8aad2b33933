from __future__ import annotations

import math
import random

import pytest
import trio
from trio._core import _run

from p2pnet.testing import scheduler
from p2pnet.testing.scheduler import Agenda, repeatable


def schedule(seed: int) -> list[int]:
    """The order in which tasks that start together take their turns."""
    order: list[int] = []

    async def note(number: int) -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            order.append(number)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(note, number)

    with repeatable(random.Random(seed)):
        trio.run(main)
    return order


def test_trio_still_has_what_repeatable_runs_need() -> None:
    """Fails with a text that says what is missing, should trio ever rename it."""
    for name in (scheduler._FLAG, scheduler._SHUFFLER, scheduler._CONTEXT):
        scheduler._of_trio(name)
    assert isinstance(scheduler._of_trio(scheduler._FLAG), bool)
    assert isinstance(scheduler._of_trio(scheduler._SHUFFLER), random.Random)


def test_what_is_missing_is_said() -> None:
    with pytest.raises(RuntimeError, match=r"has no trio._core._run._gone any more"):
        scheduler._of_trio("_gone")


def test_dice_decide_who_goes_first_and_nothing_else_does() -> None:
    schedules = {tuple(schedule(seed)) for seed in range(10)}
    assert len(schedules) == 10
    assert schedule(3) == schedule(3)


def test_trio_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_run, scheduler._FLAG, False)
    before = _run._r.getstate()
    schedule(1)
    assert scheduler._of_trio(scheduler._FLAG) is False
    assert _run._r.getstate() == before


async def test_somebody_waits_for_idleness() -> None:
    agenda = Agenda()
    assert not agenda.somebody_waits_for_idleness()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.testing.wait_all_tasks_blocked)
        seen = False
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            seen = seen or agenda.somebody_waits_for_idleness()
    assert seen


async def test_the_next_deadline_is_now_if_somebody_has_something_to_do() -> None:
    agenda = Agenda()
    with trio.CancelScope(deadline=trio.current_time() + 1_000) as scope:
        assert agenda.next_deadline() == scope.deadline
        event = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(event.wait)
            assert agenda.next_deadline() == -math.inf
            await trio.testing.wait_all_tasks_blocked()
            assert agenda.next_deadline() == scope.deadline
            event.set()
            assert agenda.next_deadline() == -math.inf
