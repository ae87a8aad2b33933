from __future__ import annotations

from p2pnet import open_peer
from p2pnet.cli.demo.game import LATEST, Cart, Miner, game
from p2pnet.links.memory import MemoryNetwork


async def test_a_command_leaves_its_ticket_and_its_gold() -> None:
    async with open_peer(game, transport=MemoryNetwork()) as peer:
        await peer.host("home", 1)
        miner = peer.player
        assert isinstance(miner, Miner)
        assert await miner.dig("t1", 3) == 3
        assert await miner.dig("t2", 4) == 7
        assert dict(miner.journal) == {"t1": 1, "t2": 1}


async def test_a_command_done_twice_shows() -> None:
    async with open_peer(game, transport=MemoryNetwork()) as peer:
        await peer.host("home", 1)
        miner = peer.player
        assert isinstance(miner, Miner)
        await miner.dig("t1", 3)
        await miner.dig("t1", 3)
        assert dict(miner.journal) == {"t1": 2}
        assert miner.gold == 6


async def test_everybody_has_a_cart_of_its_own() -> None:
    async with open_peer(game, transport=MemoryNetwork()) as peer:
        await peer.host("home", 1)
        (cart,) = (obj for obj in peer.objects.values() if isinstance(obj, Cart))
        assert cart.owner == peer.me
        assert await cart.load("t1", 5) == 5
        assert dict(cart.journal) == {"t1": 1}


async def test_the_latest_finds_are_kept_in_order() -> None:
    async with open_peer(game, transport=MemoryNetwork()) as peer:
        await peer.host("home", 1)
        miner = peer.player
        assert isinstance(miner, Miner)
        for amount in range(LATEST + 3):
            await miner.dig(f"t{amount}", amount)
        assert list(miner.latest) == list(range(3, LATEST + 3))
