from __future__ import annotations

import pytest

from p2pnet.testing import MistakeKind, MistakesFound
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import Fuse, game_of


@pytest.mark.parametrize(
    ("command", "what"), [("light", r"the task Fuse\.burn"), ("light_elsewhere", "the thread fuse")]
)
def test_what_the_host_starts_on_its_own_is_named(command: str, what: str) -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", command)

    with pytest.raises(MistakesFound, match=f"{command} started {what} on ana, the host") as caught:
        Rules(game=game_of(Fuse)).play(body, 2)
    assert caught.value.key == ((MistakeKind.LOOSE_TASK.value, f"Fuse.{command}"),)


def test_what_hooks_start_on_every_peer_is_each_peers_own() -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", "put_out")

    Rules(game=game_of(Fuse)).play(body, 2)
