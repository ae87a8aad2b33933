from __future__ import annotations

import time

import pytest

from p2pnet.testing import MistakeKind, MistakesFound
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import Waiter, game_of


@pytest.mark.parametrize(
    ("command", "place", "clock"),
    [("wait", "Waiter.ready_s", "monotonic"), ("stamp", "Waiter.times", "perf_counter_ns")],
)
def test_the_clock_of_a_machine_in_a_synced_field_is_named(
    command: str, place: str, clock: str
) -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", command)

    with pytest.raises(MistakesFound, match=rf"put time\.{clock}\(\) of ana, the host") as caught:
        Rules(game=game_of(Waiter)).play(body, 2)
    assert caught.value.key == ((MistakeKind.CLOCK.value, place),)


def test_what_two_looks_at_a_clock_differ_by_may_be_kept() -> None:
    shown = []

    async def body(world: GameWorld) -> None:
        shown.append(await world.call("bea", "measure"))
        await world.sleep(5)
        shown.append(await world.call("bea", "measure"))
        world.kill_host()
        await world.settle()
        shown.append(await world.call("bea", "measure"))

    real = time.monotonic, time.perf_counter
    Rules(game=game_of(Waiter)).play(body, 2)
    assert real == (time.monotonic, time.perf_counter)
    assert 5 < shown[1] - shown[0] < 6  # it is virtual time
    assert abs(shown[2] - shown[1]) > 1e6  # and another machine has another clock
