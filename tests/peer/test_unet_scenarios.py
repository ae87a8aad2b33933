"""What UNet's host migration failed at, with whole peers: each under its number."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from p2pnet import Game, NetworkObject, Player, State, command, networked, sync_var

from .conftest import Table, crash, labels, seed, tank


async def test_unet_scenario_32_no_ghosts_no_gaps_and_no_id_twice(
    clock: MockClock, table: Table
) -> None:
    """What was despawned stays gone, what was spawned is everywhere, and ids are new ones."""
    ana, ben, cat = await table.three()
    kept, gone = await tank(cat).drop(), await tank(cat).drop()
    ana.despawn(ana.objects[gone])
    await trio.sleep(0.2)  # it goes out with the tick
    late = tank(cat).drop()  # on its way when the host dies
    crash(ana)
    number = await late
    again = await tank(cat).drop()
    await table.agree(ben, cat)
    assert len({kept, gone, number, again}) == 4
    for peer in (ben, cat):
        assert gone not in peer.objects
        assert all(peer.objects[n].owner == cat.me for n in (kept, number, again))


async def test_unet_scenario_35_what_came_just_before_the_loss_is_everybodys(
    clock: MockClock, table: Table
) -> None:
    """An object that was spawned last is reclaimed; who had not even joined yet can do so."""
    ana, ben, cat = await table.three()
    number = await tank(cat).drop()
    dan = await table.open("dan")

    async def join() -> None:
        await dan.join(ben.invite, address="dan")

    async with trio.open_nursery() as nursery:
        crash(ana)
        nursery.start_soon(join)
    await table.agree(ben, cat, dan)
    assert ben.objects[number].owner == cat.me and not ben.objects[number].suspended
    assert await tank(dan).earn(3) == 3
    assert labels(ben, cat, dan) == [0, 2, 4]


async def test_unet_scenario_39_a_start_after_a_migration_is_told_from_a_first_one(
    clock: MockClock, table: Table
) -> None:
    starts: list[tuple[str, bool]] = []

    @networked
    class Scorer(Player):
        score: int = sync_var(0)

        @command
        def win(self) -> int:
            self.score += 1
            return self.score

        def on_start_server(self, migrated: bool) -> None:
            starts.append((self.name, migrated))
            if not migrated:
                self.score = 10

    table.game = Game("scores", player=Scorer, objects=[NetworkObject])
    ana, ben, _ = await table.three()
    assert await ben.player.win() == 11  # type: ignore[union-attr]
    assert not any(migrated for _, migrated in starts)
    starts.clear()
    crash(ana)
    assert await ben.player.win() == 12  # type: ignore[union-attr]
    assert starts and all(migrated for _, migrated in starts)


async def test_unet_scenario_40_after_a_final_failure_the_next_join_begins_anew(
    clock: MockClock, table: Table
) -> None:
    """No identity of a seat, no list of members, and no object of the other game is left."""
    ana, ben, cat = await table.three()
    await tank(cat).drop()
    ana.kick(cat.connection_id, "enough")
    await cat._shell.stopped.wait()
    assert cat.state is State.LEFT
    other = await table.host("eva")
    again = await table.join("cat2", other, identity=seed(9))
    await table.agree(other, again)
    assert labels(other, again) == [0, 1] and again.old_connection_id == -1
    assert len(again.objects) == 2 and ben.state is State.FOLLOWING
