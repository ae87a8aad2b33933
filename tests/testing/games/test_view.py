from __future__ import annotations

import pytest

from p2pnet import LocalProtocolError
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import MINERS, Crate


def test_what_there_is_to_see() -> None:
    async def body(world: GameWorld) -> None:
        assert world.game is MINERS
        assert [peer.name for peer in world.peers] == ["ana", "bea", "cid"]
        assert world.host is world["ana"] and world.clients == [world["bea"], world["cid"]]
        assert world.awake == world.peers and world.gone == []
        assert len(world.all(Crate)) == 3 == len(world.players)
        assert set(world.objects) == set(world["bea"].objects)
        before = world.now_s
        await world.sleep(1.5)
        assert world.now_s == pytest.approx(before + 1.5)

    Rules(game=MINERS).play(body, 3)


def test_without_a_host_there_is_nothing_to_look_at() -> None:
    async def body(world: GameWorld) -> None:
        world.kill_host()
        assert not world.has_host
        with pytest.raises(LocalProtocolError, match="no host at the moment"):
            _ = world.objects

    Rules(game=MINERS).play(body, 2)
