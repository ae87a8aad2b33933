from __future__ import annotations

import subprocess
import sys

from p2pnet.world.wire import UPDATE, Despawn, Edits, Rpc, Spawn, Vars
from tests.world.tanks import Crate, Table


def test_nothing_changed_is_no_bytes() -> None:
    table = Table()
    assert table.host.collect() == b""
    table.tank(table.host).x = 1.0
    assert table.host.collect() != b""
    assert table.host.collect() == b""


def test_a_spawned_object_goes_out_whole_as_it_is_when_collected() -> None:
    table = Table()
    crate = table.host.spawn(Crate(weight=2.0))
    crate.weight = 3.0
    crate.items.extend([1, 2])
    (op,) = UPDATE.decode(table.sync())
    assert isinstance(op, Spawn) and op.values == [3.0, [1, 2]]
    crate.weight = 4.0
    crate.items.append(3)
    assert [type(op) for op in UPDATE.decode(table.sync())] == [Vars, Edits]


def test_operations_keep_the_order_of_their_first_change() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.bag.append("a")
    tank.honk(1)
    tank.x = 1.0
    tank.bag.append("b")
    crate = table.host.spawn(Crate())
    table.host.despawn(crate)
    kinds = [type(op) for op in UPDATE.decode(table.sync())]
    assert kinds == [Edits, Rpc, Vars, Spawn, Despawn]


def test_an_object_that_comes_back_within_one_update_is_another() -> None:
    table = Table()
    crate = table.host.spawn(Crate(items=[1]))  # type: ignore[arg-type]
    table.sync()
    crate.items.append(2)
    crate.weight = 2.0
    first = crate.object_id
    table.host.despawn(crate)
    crate.items.append(3)
    table.host.spawn(crate)
    crate.items.append(4)
    table.sync()
    assert crate.object_id != first and list(crate.items) == [1, 2, 3, 4]
    crate.items.append(5)
    table.sync()


SEEDED = """
from __future__ import annotations
from p2pnet.world import *

@networked
class Bag(NetworkObject):
    names: frozenset[str] = sync_var(frozenset())
    members: SyncSet[str] = sync_set()

world = World(Game("g", player=Player, objects=[Bag]), "ana")
world.start_reign(False)
bag = world.spawn(Bag(names=frozenset("abcdef"), members=set("uvwxyz")))
bag.members &= set("xyz")
print(world.collect().hex())
bag.members |= set("abcdef")
bag.members ^= set("defghi")
bag.members -= set("abcx")
bag.names = frozenset("ghijkl")
print(world.collect().hex(), world.snapshot().hex())
"""


def test_updates_do_not_depend_on_the_hash_seed() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", SEEDED],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_what_was_not_collected_is_void_after_the_reign() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.x = 9.0
    tank.bag.append("lost")
    table.host.spawn(Crate())
    table.host.stop_reign()
    assert table.host.collect() == b""
    table.host.start_reign(migrated=True)
    tank.x = 1.0
    tank.bag.append("kept")
    table.host.collect()
    assert (tank.x, list(tank.bag)) == (1.0, ["kept"])
    assert len(table.host.objects) == 3
