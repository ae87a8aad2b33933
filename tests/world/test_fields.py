from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.errors import AuthorityError, DeclarationError, SyncTypeError
from p2pnet.world import (
    Game,
    NetworkObject,
    Player,
    SyncList,
    World,
    networked,
    sync_list,
    sync_set,
    sync_var,
)
from p2pnet.world.wire import UPDATE, Vars
from tests.world.tanks import ANA, BOB, Crate, Point, Table, Tank


class Vector:
    """A mutable value of the game's own."""

    def __init__(self, x: float) -> None:
        self.x = x


def test_a_changed_field_arrives() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.x = 2.5
    tank.target = Point(1.0, 2.0)
    table.sync()
    copy = table.tank(table.bob)
    assert (copy.x, copy.target) == (2.5, Point(1.0, 2.0))


def test_changes_of_one_object_share_one_operation_and_the_last_value_wins() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.x = 1.0
    tank.gold = 5
    tank.x = 2.0
    (op,) = UPDATE.decode(table.sync())
    assert isinstance(op, Vars) and op.values == [2.0, 5]


def test_writing_an_equal_value_is_no_change() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.x = 0.0
    tank.x = 0
    tank.gold = 0
    assert table.sync() == b"" and tank.heard == []


def test_an_int_becomes_a_float() -> None:
    tank = Table().tank(Table().host)
    tank.x = 3
    assert type(tank.x) is float
    assert type(Tank(x=3).x) is float  # type: ignore[unreachable]


def test_a_wrong_value_is_refused_where_it_is_written() -> None:
    table = Table()
    tank = table.tank(table.host)
    with pytest.raises(SyncTypeError, match=r"Tank\.x: expected float, got 'far' \(str\)"):
        tank.x = "far"  # type: ignore[assignment]
    with pytest.raises(SyncTypeError, match=r"Tank\.gold"):
        Tank(gold=1.5)  # type: ignore[arg-type]
    assert tank.x == 0.0


def test_a_client_can_not_write() -> None:
    table = Table()
    copy = table.tank(table.bob)
    with pytest.raises(AuthorityError, match=r"Tank\.x .*change it in a @command"):
        copy.x = 1.0
    with pytest.raises(AuthorityError):
        copy.x = copy.x
    assert copy.x == 0.0


def test_an_object_that_is_not_spawned_is_free_to_write_and_has_no_hooks() -> None:
    tank = Tank()
    tank.gold = 5
    tank.bag.append("a")
    assert (tank.gold, tank.bag, tank.heard) == (5, ["a"], [])  # type: ignore[comparison-overlap]


def test_hooks_get_old_and_new_on_every_peer() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.gold = 3
    tank.gold = 7
    assert tank.heard == [("gold", 0, 3), ("gold", 3, 7)]
    table.sync()
    assert table.tank(table.bob).heard == [("gold", 0, 7)]


def test_a_field_that_came_back_to_its_value_is_no_change_for_clients() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.gold = 3
    tank.gold = 0
    table.sync()
    assert table.tank(table.bob).heard == []


def test_other_attributes_stay_local_and_free() -> None:
    table = Table()
    copy = table.tank(table.bob)
    copy.sprite = "tank.png"  # type: ignore[attr-defined]
    copy.heard = ["x"]
    table.sync()
    assert copy.sprite == "tank.png" and not hasattr(table.tank(table.host), "sprite")  # type: ignore[attr-defined]


def test_defaults_are_not_shared() -> None:
    @networked
    class Ship(NetworkObject):
        at: Vector = sync_var(
            Vector(1.0), encode=lambda vector: vector.x, decode=lambda raw: Vector(raw)
        )
        crew: SyncList[str] = sync_list(["ana"])

    one, two = Ship(), Ship()
    assert one.at is not two.at and one.crew is not two.crew
    one.crew.append("bob")
    assert two.crew == ["ana"] and Ship().crew == ["ana"]


def test_custom_functions_carry_a_field() -> None:
    @networked
    class Ship(NetworkObject):
        at: Vector = sync_var(
            Vector(1.0), encode=lambda vector: vector.x, decode=lambda raw: Vector(raw)
        )
        speed: float = sync_var(0.0)

    game = Game("ships", player=Player, objects=[Ship])
    host, client = World(game, ANA), World(game, BOB)
    host.start_reign(migrated=False)
    ship = host.spawn(Ship())
    client.apply(host.collect())
    ship.at = Vector(1.0)
    assert host.collect() == b""  # it is encoded to what was there
    ship.at = Vector(4.0)
    ship.speed = 2.0
    client.apply(host.collect())
    copy: Any = client.objects[ship.object_id]
    assert (copy.at.x, copy.speed) == (4.0, 2.0) and copy.at is not ship.at
    assert client.dump() == host.dump()
    with pytest.raises(SyncTypeError, match="can't take"):
        ship.at = 3  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("declare", "text"),
    [
        (lambda: {"x": (int, sync_var("a"))}, "the default does not fit"),
        (lambda: {"x": (list[int], sync_var([]))}, "sync_list"),
        (lambda: {"x": (list[int], sync_list())}, r"annotate a sync_list\(\) as SyncList\[T\]"),
        (lambda: {"x": (SyncList[int], sync_set())}, r"SyncSet\[T\]"),
        (lambda: {"x": (SyncList[int], sync_var(()))}, r"with sync_list\(\)"),
        (lambda: {"x": (SyncList, sync_list())}, r"SyncList\[T\]"),
        (lambda: {"x": (SyncList[list[int]], sync_list())}, "sync_list"),
        (lambda: {"x": (int, sync_var(0, on_change="gone"))}, "no such method"),
        (lambda: {"owner": (int, sync_var(0))}, "p2pnet's own"),
        (lambda: {"spawn": (int, 3)}, "p2pnet's own"),
    ],
)
def test_wrong_declarations_say_what_to_do(declare: Any, text: str) -> None:
    fields = declare()
    body = {name: value for name, (_, value) in fields.items()}
    body["__annotations__"] = {name: hint for name, (hint, _) in fields.items()}
    with pytest.raises(DeclarationError, match=text):
        networked(type("Ship", (NetworkObject,), body))


def test_encode_needs_decode() -> None:
    with pytest.raises(DeclarationError, match="together"):
        sync_var(0, encode=str)


def test_a_crate_made_with_arguments_keeps_them() -> None:
    crate = Crate(weight=3, items=[1, 2])  # type: ignore[arg-type]
    assert (crate.weight, list(crate.items)) == (3.0, [1, 2])
