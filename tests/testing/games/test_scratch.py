from __future__ import annotations

from typing import Any

import pytest

from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.scratch import is_scratch
from p2pnet.testing.games.world import GameWorld

from .mistaken import Hunter, game_of


class Ticks:
    near: Any
    x: float

    def anew(self) -> None:
        self.x += 1
        self.near = [self]

    def after_a_look(self) -> None:
        self.x = len(self.near)
        self.near = []

    def from_itself(self) -> None:
        self.near = [*self.near, 1]

    def a_little_more(self) -> None:
        self.near += 1

    def at_times(self) -> None:
        if self.x:
            self.near = []

    def never(self) -> None:
        near = 1
        self.x = near


@pytest.mark.parametrize(
    ("tick", "is_so"),
    [
        (Ticks.anew, True),
        (Ticks.after_a_look, False),
        (Ticks.from_itself, False),
        (Ticks.a_little_more, False),
        (Ticks.at_times, False),
        (Ticks.never, False),
        (len, False),
    ],
)
def test_scratch_is_set_each_time_before_it_is_read(tick: Any, is_so: bool) -> None:
    assert is_scratch(tick, "near") is is_so


def test_a_host_that_is_lost_before_it_ticks_lacks_nothing() -> None:
    async def body(world: GameWorld) -> None:
        await world.hand_over()
        world.kill_host()

    Rules(game=game_of(Hunter)).play(body, 2)
