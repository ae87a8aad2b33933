from __future__ import annotations

import math

import pytest

from p2pnet.core.errors import SyncTypeError
from p2pnet.world import NetworkObject, SyncSet, networked, sync_set
from tests.world.tanks import Table, Tank


def test_a_set_iterates_in_the_order_of_insertion_on_every_peer() -> None:
    table = Table()
    friends = table.tank(table.host).friends
    for number in (30, 10, 20):
        friends.add(number)
    friends.remove(10)
    friends.add(10)
    table.sync()
    assert list(table.tank(table.bob).friends) == [30, 20, 10]


def test_members_of_a_plain_set_come_in_an_order_of_their_own() -> None:
    @networked
    class Bag(NetworkObject):
        names: SyncSet[str] = sync_set()

    bag = Bag(names={"d", "b"})  # type: ignore[arg-type]
    bag.names.update({"c", "a", "f", "e"})
    assert list(bag.names) == ["b", "d", "a", "c", "e", "f"]


def test_set_behaves_like_a_set() -> None:
    friends = Tank(friends=[3, 1]).friends  # type: ignore[arg-type]
    friends |= {5}
    friends &= {1, 5}
    friends -= {5}
    friends ^= {2, 1}
    assert friends == {2} and friends | {1} == {1, 2}  # type: ignore[comparison-overlap]
    assert repr(friends) == "{2}"
    friends.clear()
    assert repr(friends) == "set()"
    with pytest.raises(KeyError):
        friends.remove(2)


def test_a_not_a_number_is_no_member() -> None:
    @networked
    class Bag(NetworkObject):
        sizes: SyncSet[float] = sync_set()

    with pytest.raises(SyncTypeError, match="NaN"):
        Bag().sizes.add(math.nan)
