from __future__ import annotations

import pytest

from p2pnet.testing import MistakeKind, MistakesFound
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import Gambler, Hunter, game_of


async def dig(world: GameWorld) -> None:
    for peer in world.peers:
        await world.call(peer, "dig")


def test_a_hook_that_draws_lots_is_named() -> None:
    with pytest.raises(MistakesFound, match=r"Gambler\.gold_changed set it") as caught:
        Rules(game=game_of(Gambler)).play(dig, 5)
    assert caught.value.key == ((MistakeKind.RANDOM_HOOK.value, "Gambler.loot"),)


def test_with_one_client_there_is_nothing_to_compare() -> None:
    Rules(game=game_of(Gambler)).play(dig, 2)


def test_a_hook_that_goes_by_the_order_of_a_set_is_named() -> None:
    async def mark(world: GameWorld) -> None:
        for peer in world.peers:
            await world.call(peer, "mark")

    told = r"Hunter\.marked set it, .* list of .*Hunter \d"
    with pytest.raises(MistakesFound, match=told) as caught:
        Rules(game=game_of(Hunter)).play(mark, 5)
    assert caught.value.key == ((MistakeKind.RANDOM_HOOK.value, "Hunter.targets"),)


def test_it_may_be_meant() -> None:
    Rules(game=game_of(Gambler), local=["Gambler.loot"]).play(dig, 5)
