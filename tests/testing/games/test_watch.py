from __future__ import annotations

import pytest

from p2pnet import Player
from p2pnet.testing import MistakeKind, MistakesFound
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import MINERS, Champion, Stumbler, game_of


async def dig(world: GameWorld, *arguments: int) -> None:
    world.submit("ana", "dig", *arguments)
    await world.settle()


def test_a_hook_that_writes_is_named_with_the_field_and_the_client() -> None:
    with pytest.raises(MistakesFound, match=r"bea, a client: Champion\.best is repl") as caught:
        Rules(game=game_of(Champion)).play(lambda world: dig(world, 3), 2)
    assert caught.value.key == ((MistakeKind.WRITE_ON_CLIENT.value, "Champion.gold_changed"),)


@pytest.mark.parametrize("player", [Stumbler])
def test_a_hook_that_raises_is_named_with_its_line(player: type[Player]) -> None:
    with pytest.raises(MistakesFound, match=r"no such sound \(.*mistaken\.py, line") as caught:
        Rules(game=game_of(player)).play(dig, 2)
    assert caught.value.key == ((MistakeKind.RAISES.value, "Stumbler.gold_changed"),)


def test_a_command_that_refuses_is_no_mistake() -> None:
    Rules(game=MINERS).play(lambda world: dig(world, -1), 2)
