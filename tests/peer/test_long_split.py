"""A game falls in two for longer than seats are kept: what its players have afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import trio

from p2pnet import Game, MigrationManager, Player, Settings, command, networked, sync_var
from p2pnet.core.errors import EndReason
from p2pnet.testing.reproducible import run
from p2pnet.testing.trio_peer import TrioPeer
from p2pnet.testing.worlds import open_world
from p2pnet.world.dispatch import PastCommand


@networked
class Miner(Player):
    gold: int = sync_var(0)

    @command
    def dig(self) -> int:
        self.gold += 1
        return self.gold


@attrs.define(eq=False)
class Diary(MigrationManager):
    log: list[Any] = attrs.field(factory=list)

    def on_branch_discarded(self, updates: int, commands: Sequence[PastCommand]) -> None:
        self.log += ["lost", *(past.name for past in commands)]

    def on_migration_finished(self) -> None:
        self.log.append("finished")

    def on_reconnect_rejected(self, reason: EndReason, text: str) -> None:
        self.log.append(reason)


async def dig(peer: TrioPeer) -> int:
    player = peer.peer.player
    assert isinstance(player, Miner)
    return await player.dig()  # type: ignore[misc,no-any-return]


def test_the_losing_half_has_new_seats_and_players_and_knows_what_it_lost() -> None:
    async def main() -> None:
        settings = Settings(seat_us=2_000_000, dead_link_us=1_500_000)
        diaries = [Diary() for _ in range(5)]
        game = Game("miners", player=Miner)
        async with open_world(game, seed=11, settings=settings) as world:
            await world.seated(world.open_session(migration=diaries[0]))
            for diary in diaries[1:]:
                await world.seated(world.join(world.peers[0], migration=diary))
            many, few = world.peers[:3], world.peers[3:]
            assert [await dig(peer) for peer in world.peers] == [1] * 5
            world.partition(many, few)
            await trio.sleep(12)
            assert len(world.hosts) == 2
            assert [await dig(peer) for peer in world.peers] == [2] * 5
            for diary in diaries:
                diary.log.clear()
            world.heal()
            await world.settle()
            assert world.hosts == [world.peers[0]]
            assert [await dig(peer) for peer in many] == [3] * 3
            assert [await dig(peer) for peer in few] == [1, 1]  # new players
            for at_few in diaries[3:]:
                assert at_few.log == ["lost", "dig", "finished"]
            everything = world.peers[0].peer.objects.values()
            assert sum(isinstance(thing, Miner) for thing in everything) == 5

    run(main, seed=11)
