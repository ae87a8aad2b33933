from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.errors import (
    AuthorityError,
    DeclarationError,
    GameCodeError,
    LocalProtocolError,
    SyncTypeError,
)
from p2pnet.core.replica import Replica
from p2pnet.core.values import PeerId
from p2pnet.world import Game, NetworkObject, Player, World, networked, sync_var
from tests.world.tanks import ANA, BOB, CAT, GAME, Crate, Table, Tank


def test_a_world_is_a_replica() -> None:
    replica: Replica = World(GAME, ANA)
    assert replica.collect() == b""


# --- objects ---


def test_only_the_host_spawns_despawns_and_assigns() -> None:
    table = Table()
    crate = table.host.spawn(Crate())
    table.sync()
    copy = table.bob.objects[crate.object_id]
    for deed in (
        lambda: table.bob.spawn(Crate()),
        lambda: table.bob.despawn(copy),
        lambda: table.bob.assign_authority(copy, BOB),
        lambda: World(GAME, ANA).spawn(Crate()),
    ):
        with pytest.raises(AuthorityError, match="do it in a @command"):
            deed()


def test_what_can_not_be_spawned_is_refused() -> None:
    table = Table()
    crate = table.host.spawn(Crate())
    with pytest.raises(LocalProtocolError, match="spawned already"):
        table.host.spawn(crate)
    with pytest.raises(DeclarationError, match=r"add it to Game\(objects="):
        table.host.spawn(Player())
    with pytest.raises(SyncTypeError, match=r"not a class; write Crate\(\)"):
        table.host.spawn(Crate)  # type: ignore[type-var]
    with pytest.raises(SyncTypeError, match="takes a NetworkObject, not 3"):
        table.host.spawn(3)  # type: ignore[type-var]
    with pytest.raises(LocalProtocolError, match="not in this world"):
        table.host.despawn(Crate())
    with pytest.raises(LocalProtocolError, match="not in this world"):
        Table().host.despawn(crate)


def test_owners_can_be_named_in_several_ways() -> None:
    table = Table()
    tank = table.tank(table.host, CAT)
    owners = [table.host.spawn(Crate(), owner).owner for owner in (None, BOB, 2, 0, tank)]
    assert owners == [None, BOB, CAT, ANA, CAT]
    with pytest.raises(LocalProtocolError, match="no member has the connection id 7"):
        table.host.spawn(Crate(), 7)
    with pytest.raises(SyncTypeError):
        table.host.spawn(Crate(), 1.5)  # type: ignore[arg-type]
    assert len(table.host.objects) == 8


def test_the_objects_can_not_be_written_to() -> None:
    table = Table()
    with pytest.raises(TypeError):
        table.host.objects[9] = Crate()  # type: ignore[index]


def test_spawning_tells_the_object_on_every_peer() -> None:
    table = Table()
    dan = PeerId("dan")
    table.host.admit(dan, "dan")
    table.sync()
    assert table.tank(table.host, dan).heard == [("start_server", False), "start_client"]
    assert table.tank(table.bob, dan).heard == ["start_client"]
    assert table.tank(table.bob, dan).name == "dan"
    tanks = [table.tank(world, dan) for world in (table.host, table.bob)]
    table.host.remove(dan)
    table.sync()
    assert tanks[0].heard[2:] == ["stop_server", "stop_client"]
    assert tanks[1].heard[1:] == ["stop_client"]
    assert table.bob.player_of(dan) is None


# --- authority ---


def test_authority_is_assigned_moved_and_removed_on_every_peer() -> None:
    table = Table()
    seen: dict[str, list[Any]] = {}
    for world in (table.host, *table.clients):
        log = seen[world.me] = []
        world.on_authority.append(lambda obj, old, new, log=log: log.append((old, new)))  # type: ignore[misc]
    crate = table.host.spawn(Crate())
    table.host.assign_authority(crate, BOB)
    table.host.assign_authority(crate, BOB)
    table.host.assign_authority(crate, 2)
    table.host.remove_authority(crate)
    table.host.spawn(Crate(), BOB)
    table.sync()
    expected = [(None, BOB), (BOB, CAT), (CAT, None), (None, BOB)]
    assert seen == {"ana": expected, "bob": expected, "cat": expected}
    for client in table.clients:
        copy: Any = client.objects[crate.object_id]
        assert copy.heard == ["start_authority", "stop_authority"] and copy.owner is None
    assert crate.heard == []


def test_players_stay_with_their_member() -> None:
    table = Table()
    for deed in (table.host.remove_authority, lambda tank: table.host.assign_authority(tank, ANA)):
        with pytest.raises(AuthorityError, match="belongs to its member"):
            deed(table.tank(table.host))


# --- suspension ---


def test_suspended_objects_sleep_on_every_peer_and_do_not_tick() -> None:
    table = Table()
    crate = table.host.spawn(Crate(), BOB)
    table.sync()
    table.host.suspend(BOB)
    table.host.suspend(BOB)
    assert len(table.sync()) < 20  # two operations for the peer, not one for each object
    for world in (table.host, *table.clients):
        assert table.tank(world).suspended and table.tank(world).heard == ["suspended"]
        assert world.objects[crate.object_id].suspended
        assert not table.tank(world, CAT).suspended
    table.host.tick(500_000)
    table.sync()
    assert (table.tank(table.bob).x, table.tank(table.bob, CAT).x) == (0.0, 0.5)
    table.host.resume(BOB)
    table.host.resume(BOB)
    table.sync()
    for world in (table.host, *table.clients):
        assert not table.tank(world).suspended
        assert table.tank(world).heard == ["suspended", "resumed"]


def test_an_object_falls_asleep_with_an_owner_who_is_away() -> None:
    table = Table()
    table.host.suspend(BOB)
    crate = table.host.spawn(Crate(), CAT)
    asleep = table.host.spawn(Crate(), BOB)
    table.host.assign_authority(crate, BOB)
    table.sync()
    assert crate.suspended and asleep.suspended
    assert table.bob.objects[crate.object_id].suspended
    table.host.remove_authority(crate)
    table.sync()
    assert not table.bob.objects[crate.object_id].suspended


def test_a_member_whose_seat_is_given_up_leaves_nothing_behind() -> None:
    table = Table()
    table.host.spawn(Crate(), BOB)
    kept = table.host.spawn(Crate())
    table.host.suspend(BOB)
    table.host.remove(BOB)
    table.sync()
    assert list(table.bob.objects) == [1, 3, kept.object_id]
    assert not table.bob.registry.away
    table.host.remove(CAT)
    table.sync()
    assert list(table.bob.objects) == [1, kept.object_id]


def test_all_owned_objects_sleep_while_there_is_no_host() -> None:
    table = Table()
    free = table.host.spawn(Crate())
    table.host.suspend(CAT)
    table.sync()
    before = table.bob.dump()
    table.bob.lose_host()
    assert table.tank(table.bob).suspended and not table.bob.objects[free.object_id].suspended
    assert table.bob.dump() == before
    table.bob.find_host()
    assert table.tank(table.bob).heard == ["suspended", "resumed"]
    assert table.tank(table.bob, CAT).heard == ["suspended"]


# --- reigns ---


def test_a_new_host_goes_on_where_the_old_one_was() -> None:
    table = Table()
    gone = table.host.spawn(Crate())
    table.host.despawn(gone)
    table.tank(table.host).x = 3.0
    table.sync()
    table.host.spawn(Crate())  # never collected: it dies with the host
    new = table.bob
    new.lose_host()
    new.start_reign(migrated=True)
    new.suspend(ANA)
    new.suspend(CAT)
    new.find_host()
    assert table.tank(new).heard == ["suspended", ("start_server", True), "resumed"]
    assert table.tank(new, CAT).heard == ["suspended", ("start_server", True)]
    crate = new.spawn(Crate())
    assert crate.object_id == gone.object_id + 1
    table.tank(new).x += 1.0
    table.clients[1].apply(new.collect())
    assert table.clients[1].dump() == new.dump()
    assert table.tank(table.clients[1]).x == 4.0


def test_what_start_hooks_change_is_collected() -> None:
    @networked
    class Duck(Player):
        lives: int = sync_var(3)

        def on_start_server(self, migrated: bool) -> None:
            if migrated:
                self.lives += 1
                if self.owner == ANA:
                    self.despawn()

    game = Game("ducks", player=Duck)
    host, heir, other = World(game, ANA), World(game, BOB), World(game, CAT)
    host.start_reign(migrated=False)
    for peer in (ANA, BOB):
        host.admit(peer, peer)
    update = host.collect()
    for world in (heir, other):
        world.apply(update)
    heir.start_reign(migrated=True)
    other.apply(heir.collect())
    assert other.dump() == heir.dump()
    assert [entry["fields"]["lives"] for entry in other.dump().values()] == [4]


def test_the_end_of_a_reign_stops_the_servers_and_writing() -> None:
    table = Table()
    tank = table.tank(table.host)
    table.host.stop_reign()
    assert tank.heard == ["stop_server"] and not tank.is_host
    with pytest.raises(AuthorityError):
        tank.x = 1.0


def test_an_empty_update_is_none() -> None:
    table = Table()
    before = table.bob.dump()
    table.bob.apply(b"")
    assert table.bob.dump() == before


# --- code of the game ---


def test_ticks_are_in_seconds_and_leave_out_what_goes_meanwhile() -> None:
    seen: list[Any] = []

    @networked
    class Bomb(NetworkObject):
        def on_tick(self, dt: float) -> None:
            seen.append((self.object_id, dt))
            for other in list(self.world.objects.values()):
                if other is not self:
                    other.despawn()

    world = World(Game("g", player=Player, objects=[Bomb, Crate]), ANA)
    world.start_reign(migrated=False)
    world.spawn(Crate())
    world.spawn(Bomb())
    world.spawn(Bomb())
    world.tick(50_000)
    assert seen == [(2, 0.05)]


def test_what_the_game_raises_in_a_tick_comes_out_after_all_have_ticked() -> None:
    @networked
    class Bomb(NetworkObject):
        x: int = sync_var(0)

        def on_tick(self, dt: float) -> None:
            self.x += 1
            raise ZeroDivisionError(self.object_id)

    world = World(Game("g", player=Player, objects=[Bomb]), ANA)
    world.start_reign(migrated=False)
    bombs = [world.spawn(Bomb()), world.spawn(Bomb())]
    with pytest.raises(GameCodeError, match="ZeroDivisionError: 1; ZeroDivisionError: 2"):
        world.tick(1_000)
    assert [bomb.x for bomb in bombs] == [1, 1]
    assert not world.running


def test_the_world_runs_code_of_the_game_on_the_host_only() -> None:
    seen: list[Any] = []

    @networked
    class Duck(Player):
        x: int = sync_var(0, on_change="changed")

        def changed(self, old: int, new: int) -> None:
            seen.append((self.world.me, self.world.running))

    game = Game("ducks", player=Duck)
    host, client = World(game, ANA), World(game, BOB)
    host.start_reign(migrated=False)
    host.admit(ANA, "ana")
    client.apply(host.collect())
    duck: Any = host.player_of(ANA)
    duck.x = 1
    client.apply(host.collect())
    assert seen == [(ANA, True), (BOB, False)]


def test_tanks_are_tanks() -> None:
    table = Table()
    assert all(isinstance(tank, Tank) for tank in table.bob.objects.values())
