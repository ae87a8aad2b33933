from __future__ import annotations

import pytest

from p2pnet.testing import MistakeKind, MistakesFound
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import Breeder, Healer, game_of


def test_a_reset_when_a_new_host_takes_over_is_named_with_both_values() -> None:
    async def body(world: GameWorld) -> None:
        assert await world.call("bea", "hit", 30) == 70
        world.kill_host()

    with pytest.raises(MistakesFound, match="from 70 back to 100") as caught:
        Rules(game=game_of(Healer)).play(body, 2)
    assert caught.value.key == ((MistakeKind.RESET_ON_MIGRATION.value, "Healer.hp"),)


def test_setting_what_nobody_changed_is_no_reset() -> None:
    async def body(world: GameWorld) -> None:
        world.kill_host()

    Rules(game=game_of(Healer)).play(body, 2)


def test_spawning_again_is_named() -> None:
    async def body(world: GameWorld) -> None:
        world.kill_host()

    with pytest.raises(MistakesFound, match="spawned another Crate") as caught:
        Rules(game=game_of(Breeder)).play(body, 2)
    assert caught.value.key == ((MistakeKind.SPAWNED_AGAIN.value, "Breeder.on_start_server"),)
