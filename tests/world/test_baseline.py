from __future__ import annotations

from typing import Any

from p2pnet.world import Change, SyncOp
from tests.world.tanks import BOB, CAT, Crate, Point, Table


def test_a_deposed_host_undoes_what_it_did_not_send() -> None:
    table = Table()
    tank = table.tank(table.host)
    crate = table.host.spawn(Crate(items=[1, 2]), BOB)  # type: ignore[arg-type]
    gone = table.host.spawn(Crate(weight=4.0, items=[3]))  # type: ignore[arg-type]
    tank.bag.extend(["a", "b"])
    tank.marks["k"] = Point(1.0, 2.0)
    tank.friends.add(1)
    table.host.suspend(CAT)
    table.sync()
    before = table.host.snapshot()

    tank.x, tank.gold, tank.target = 5.0, 7, Point(3.0, 4.0)
    tank.x = 6.0
    tank.bag.append("c")
    tank.bag.remove("a")
    tank.marks.clear()
    tank.friends = {4, 5}  # type: ignore[assignment]
    crate.items[:] = []
    gone.weight = 9.0
    gone.items.append(4)
    table.host.assign_authority(crate, CAT)
    table.host.assign_authority(gone, BOB)
    table.host.despawn(gone)
    table.host.spawn(Crate())
    table.host.resume(CAT)
    table.host.suspend(BOB)
    table.host.stop_reign()

    assert table.host.snapshot() == before
    assert table.host.dump() == table.bob.dump()
    assert table.host.objects[crate.object_id] is crate and crate.owner == BOB
    assert not tank.suspended and table.tank(table.host, CAT).suspended
    table.bob.start_reign(migrated=True)
    table.tank(table.bob).x = 8.0
    table.tank(table.bob).bag.append("d")
    table.host.apply(table.bob.collect())
    assert table.host.dump() == table.bob.dump()


def test_the_game_hears_of_what_is_undone() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.gold = 3
    tank.bag.append("a")
    lost = table.host.spawn(Crate())
    tank.heard.clear()
    table.host.stop_reign()
    assert tank.heard == ["stop_server", ("gold", 3, 0), Change(SyncOp.CLEAR)]
    assert not lost.is_spawned


def test_what_was_collected_stays() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.x = 3.0
    table.sync()
    tank.x = 4.0
    table.host.stop_reign()
    assert tank.x == 3.0


def test_an_object_that_came_and_went_leaves_nothing() -> None:
    table = Table()
    before = table.host.snapshot()
    crate: Any = table.host.spawn(Crate())
    table.host.despawn(crate)
    table.host.stop_reign()
    assert table.host.snapshot() == before
