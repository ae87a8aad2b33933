from __future__ import annotations

import pytest

from p2pnet.testing import MistakeKind, MistakesFound
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import Giver, Stuffer, game_of, one_crate


def test_a_value_that_was_changed_inside_is_named_with_both_sides() -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", "put", "hat")

    with pytest.raises(MistakesFound, match=r"ana, the host, has \['hat'\], and bea") as caught:
        Rules(game=game_of(Stuffer)).play(body, 2)
    assert caught.value.key == ((MistakeKind.CHANGED_IN_PLACE.value, "Stuffer.bag"),)


def test_an_owner_who_is_no_member_is_named() -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", "give")

    with pytest.raises(MistakesFound, match="is owned by 'bea'") as caught:
        Rules(game=game_of(Giver, setup=one_crate)).play(body, 2)
    assert caught.value.key == ((MistakeKind.DANGLING_AUTHORITY.value, "Crate"),)
