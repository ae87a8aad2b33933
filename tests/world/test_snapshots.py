from __future__ import annotations

import json
from typing import Any

import pytest

from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.values import PeerId
from p2pnet.world import Change, SyncOp, World
from p2pnet.world.wire import STATE, Spawn, State, decode, encode
from tests.world.tanks import ANA, BOB, CAT, GAME, Colour, Crate, Point, Table

SESSION = decode(STATE, World(GAME, ANA).snapshot(), "a snapshot").session


def busy_table() -> Table:
    table = Table()
    tank = table.tank(table.host)
    tank.x, tank.colour, tank.target = 1.5, Colour.BLUE, Point(1.0, 2.0)
    tank.bag.extend(["a", "b"])
    tank.marks["m"] = Point(3.0, 4.0)
    tank.friends.update([3, 1])
    table.host.spawn(Crate(items=[1, 2]), BOB)  # type: ignore[arg-type]
    table.host.despawn(table.host.spawn(Crate()))
    table.host.suspend(CAT)
    table.sync()
    for world in (table.host, *table.clients):
        table.tank(world).heard.clear()
    return table


def test_a_newcomer_gets_the_whole_state() -> None:
    table = busy_table()
    late = World(GAME, PeerId("dan"))
    late.restore(table.host.snapshot())
    assert late.dump() == table.host.dump()
    assert late.registry.next_id == table.host.registry.next_id == 6
    assert late.snapshot() == table.host.snapshot() == table.bob.snapshot()
    tank = table.tank(late)
    assert tank.heard == ["start_client"]
    assert table.tank(late, CAT).suspended and not tank.suspended
    table.tank(table.host).x = 9.0
    late.apply(table.sync())
    assert late.dump() == table.host.dump()


def test_an_equal_state_changes_nothing() -> None:
    table = busy_table()
    before = dict(table.bob.objects)
    bag = table.tank(table.bob).bag
    table.bob.restore(table.host.snapshot())
    assert dict(table.bob.objects) == before
    assert table.tank(table.bob).bag is bag
    assert table.tank(table.bob).heard == []


def test_objects_in_both_states_stay_and_hear_of_what_differs() -> None:
    table = busy_table()
    tank = table.tank(table.bob)
    tank.sprite = "kept"  # type: ignore[attr-defined]
    old = table.tank(table.host)
    old.gold = 7
    old.x = 4.0
    old.bag.insert(0, "z")
    del old.marks["m"]
    table.bob.restore(table.host.snapshot())
    assert table.tank(table.bob) is tank and tank.sprite == "kept"  # type: ignore[attr-defined]
    assert tank.heard == [
        ("gold", 0, 7),
        Change(SyncOp.INSERT, 0, None, "z"),
        Change(SyncOp.CLEAR),
    ]
    assert table.bob.dump() == table.host.dump()


def test_objects_appear_and_disappear() -> None:
    table = busy_table()
    gone = table.tank(table.bob, CAT)
    gone.heard.clear()
    crate = table.bob.objects[4]
    table.host.despawn(table.host.objects[4])
    table.host.remove(CAT)
    table.host.admit(PeerId("dan"), "dan")
    table.bob.restore(table.host.snapshot())
    assert gone.heard == ["stop_client"] and not gone.is_spawned
    assert crate.heard == ["start_authority", "stop_authority"]  # type: ignore[attr-defined]
    assert table.tank(table.bob, PeerId("dan")).heard == ["start_client"]
    assert table.bob.dump() == table.host.dump()


def test_another_owner_is_told() -> None:
    table = busy_table()
    seen: list[Any] = []
    table.bob.on_authority.append(lambda obj, old, new: seen.append((obj.object_id, old, new)))
    crate: Any = table.bob.objects[4]
    table.host.assign_authority(table.host.objects[4], CAT)
    table.bob.restore(table.host.snapshot())
    assert seen == [(4, BOB, CAT)]
    assert crate.heard == ["start_authority", "stop_authority"] and crate.suspended


def test_an_object_of_another_class_under_the_same_id_is_another_object() -> None:
    table = Table()
    other = Table()
    mine = table.host.spawn(Crate())
    other.host.admit(PeerId("dan"), "dan")
    table.sync()
    copy = table.bob.objects[mine.object_id]
    table.bob.restore(other.host.snapshot())
    assert not copy.is_spawned
    assert table.bob.dump() == other.host.dump()


def test_a_peer_that_was_host_takes_over_the_other_state() -> None:
    table = busy_table()
    winner = table.bob
    winner.start_reign(migrated=True)
    winner.suspend(ANA)
    crate = winner.spawn(Crate(weight=5.0))
    table.host.spawn(Crate(weight=6.0))
    table.tank(table.host).x = 77.0
    table.host.stop_reign()
    winner.collect()
    table.host.restore(winner.snapshot())
    assert table.host.dump() == winner.dump()
    crate.weight = 8.0
    table.host.apply(winner.collect())
    assert table.host.dump() == winner.dump()


@pytest.mark.parametrize(
    "state",
    [
        State(5, [], [Spawn(4, 1, None, [1.0, []]), Spawn(3, 1, None, [1.0, []])], SESSION),
        State(4, [], [Spawn(4, 1, None, [1.0, []])], SESSION),
        State(5, [], [Spawn(0, 1, None, [1.0, []])], SESSION),
        State(5, [], [Spawn(4, 9, None, [1.0, []])], SESSION),
        State(5, [], [Spawn(4, 1, None, [1.0])], SESSION),
        State(5, [], [Spawn(4, 1, None, ["a", []])], SESSION),
        State(1, [], [], SESSION[1:]),
        State(1, [], [], ["a", *SESSION[1:]]),
        State(9, [], [Spawn(4, 2, None, SESSION)], SESSION),
        [1, 2],
    ],
)
def test_a_wrong_snapshot_changes_nothing(state: Any) -> None:
    table = Table()
    before = table.bob.dump()
    with pytest.raises(RemoteProtocolError):
        table.bob.restore(encode(state))
    assert table.bob.dump() == before


def test_a_dump_is_plain() -> None:
    table = busy_table()
    dump = table.host.dump()
    assert list(dump) == [1, 2, 3, 4]
    found = json.loads(json.dumps(dump))
    assert found["3"]["suspended"] is True and found["4"]["owner"] == "bob"
    assert found["2"]["class"] == "Tank"
    assert found["2"]["fields"] == {
        "name": "bob",
        "x": 1.5,
        "gold": 0,
        "colour": "blue",
        "target": {"x": 1.0, "y": 2.0},
        "seen": None,
        "bag": ["a", "b"],
        "marks": [["m", {"x": 3.0, "y": 4.0}]],
        "friends": [3, 1],
        "heading": 0,
    }
