from __future__ import annotations

import pytest

from p2pnet.core.errors import LocalProtocolError
from tests.world.tanks import ANA, BOB, Crate, Table, Tank


def test_an_object_that_was_not_spawned_says_so() -> None:
    crate = Crate()
    assert (crate.object_id, crate.owner, crate.is_spawned) == (0, None, False)
    assert not crate.has_authority and not crate.is_host and not crate.suspended
    assert repr(crate) == "<Crate>"
    with pytest.raises(LocalProtocolError, match="spawn it first"):
        _ = crate.world


def test_an_object_knows_its_place() -> None:
    table = Table()
    tank, copy = table.tank(table.host), table.tank(table.bob)
    assert tank.object_id == copy.object_id == 2
    assert tank.owner == copy.owner == BOB
    assert (tank.is_host, tank.has_authority) == (True, False)
    assert (copy.is_host, copy.has_authority) == (False, True)
    assert (tank.world, copy.world) == (table.host, table.bob)
    assert repr(tank) == "<Tank 2>"


def test_objects_spawn_and_despawn_others() -> None:
    table = Table()
    tank = table.tank(table.host)
    crate = tank.spawn(Crate(), owner=tank)
    assert crate.owner == BOB and crate.object_id == 4
    table.sync()
    copy = table.bob.objects[4]
    crate.despawn()
    table.sync()
    assert not crate.is_spawned and not copy.is_spawned and copy.object_id == 4
    with pytest.raises(LocalProtocolError):
        crate.despawn()


def test_replicated_fields_can_not_be_deleted() -> None:
    tank = Tank()
    tank.sprite = "tank.png"  # type: ignore[attr-defined]
    del tank.sprite  # type: ignore[attr-defined]
    with pytest.raises(LocalProtocolError, match=r"Tank\.x is replicated"):
        del tank.x
    assert tank.x == 0.0


def test_a_player_has_the_name_of_its_member() -> None:
    table = Table()
    assert [table.tank(table.bob, peer).name for peer in (ANA, BOB)] == ["ana", "bob"]
    assert Tank(name="zoe", x=1.0).name == "zoe"
