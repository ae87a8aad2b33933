"""Many updates in one: every change, but for values that a later one replaces."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.values import PeerId
from p2pnet.world import Game, Player, SyncList, World, client_rpc, networked, sync_list, sync_var
from p2pnet.world.wire import UPDATE, Vars, Wrote
from tests.world.tanks import BOB, Table


@networked
class Walker(Player):
    x: float = sync_var(0.0, owner_writes=True, validate="check_x", latest=True, on_change="moved")
    fuel: int = sync_var(0, latest=True)
    score: int = sync_var(0, on_change="scored")
    bag: SyncList[int] = sync_list()
    heard: list[Any] = attrs.field(factory=list)

    def check_x(self, old: float, new: float) -> float:
        if new < 0:
            raise ValueError("there is a wall")
        return new

    def moved(self, old: float, new: float) -> None:
        self.heard.append(("moved", old, new))

    def scored(self, old: int, new: int) -> None:
        self.heard.append((old, new))

    @client_rpc
    def honk(self, number: int) -> None:
        self.heard.append(("honk", number))


GAME = Game("walkers", player=Walker)


@pytest.fixture
def table() -> Table:
    return Table(GAME)


def walker(world: World, peer: PeerId = BOB) -> Walker:
    found = world.player_of(peer)
    assert isinstance(found, Walker)
    return found


def play(table: Table) -> list[bytes]:
    """Four updates, in which everything of Bob's player changes each time."""
    mine, updates = walker(table.host), []
    for number in range(1, 5):
        mine.fuel, mine.score = number, number
        mine.bag.append(number)
        mine.honk(number)
        updates.append(table.host.collect())
    return updates


def test_only_the_newest_of_some_fields_is_left_and_all_of_everything_else(table: Table) -> None:
    updates = play(table)
    fast, slow = table.clients
    for update in updates:
        fast.apply(update)
    one = table.host.condense(updates)
    slow.apply(one)
    assert slow.snapshot() == fast.snapshot() == table.host.snapshot()
    assert walker(slow).heard == walker(fast).heard and len(walker(slow).heard) == 8
    assert len(one) < sum(map(len, updates))
    fuels = [op.values for op in UPDATE.decode(one) if isinstance(op, Vars) and len(op.values) == 2]
    assert fuels == [[4, 4]], "with the last score"


def test_what_only_held_such_values_is_left_out_whole(table: Table) -> None:
    updates = []
    for number in range(1, 4):
        walker(table.host).fuel = number
        updates.append(table.host.collect())
    assert len(table.host.condense(updates)) <= len(updates[-1]) + 8
    assert table.host.condense([]) == b"" == table.host.condense([b"", b""])


def test_an_owner_is_answered_once_with_all_that_was_refused(table: Table) -> None:
    bob, updates = table.bob, []
    for x in (1.0, -1.0, 2.0, -2.0):
        walker(bob).x = x
        table.host.write(BOB, bob.collect_writes())
        updates.append(table.host.collect())
    one = table.host.condense(updates)
    (answer,) = [op for op in UPDATE.decode(one) if isinstance(op, Wrote)]
    assert [refusal.text for refusal in answer.refused] == ["there is a wall"] * 2
    for client in table.clients:
        client.apply(one)
    assert not bob.mine.overlays and walker(bob).x == walker(table.host).x == 2.0
    assert bob.snapshot() == table.host.snapshot()


def test_objects_that_come_and_go_meanwhile_come_and_go(table: Table) -> None:
    updates = play(table)
    table.host.despawn(walker(table.host))
    updates.append(table.host.collect())
    slow = table.bob
    slow.apply(table.host.condense(updates))
    assert slow.snapshot() == table.host.snapshot() and slow.player_of(BOB) is None


def test_what_is_no_update_can_not_be_condensed(table: Table) -> None:
    with pytest.raises(RemoteProtocolError):
        table.host.condense([b"\xc1"])
