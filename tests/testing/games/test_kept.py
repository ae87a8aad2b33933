from __future__ import annotations

import pytest

from p2pnet.testing import MistakeKind, MistakesFound
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import Clicker, game_of


async def come_late(world: GameWorld) -> None:
    await world.call("bea", "click")
    await world.join("cid")


def test_what_hooks_keep_and_the_host_reads_is_named() -> None:
    told = (
        r"The hook Clicker\.counted keeps it on each peer, and the command Clicker\.click reads it "
        r"on the host\. At the same position it is 1 on ana, the host, and 0 on cid\."
    )
    with pytest.raises(MistakesFound, match=told) as caught:
        Rules(game=game_of(Clicker)).play(come_late, 2)
    # What hooks keep for the eyes alone, such as `blinks`, is each peer's own.
    assert caught.value.key == ((MistakeKind.HOOK_STATE.value, "Clicker.clicks"),)


def test_it_is_no_mistake_as_long_as_all_have_kept_the_same() -> None:
    async def stay(world: GameWorld) -> None:
        await world.call("bea", "click")
        world.kill_host()

    Rules(game=game_of(Clicker)).play(stay, 3)


def test_it_may_be_meant() -> None:
    Rules(game=game_of(Clicker), local=["Clicker.clicks"]).play(come_late, 2)
