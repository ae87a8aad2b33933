from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2pnet.core.errors import AuthorityError, GameCodeError, RemoteProtocolError
from p2pnet.world import Change, Game, Player, World, client_rpc, networked, sync_var
from p2pnet.world.wire import (
    Assign,
    Despawn,
    Edits,
    Op,
    Resume,
    Rpc,
    Spawn,
    Suspend,
    Vars,
    encode,
)
from tests.world.tanks import ANA, BOB, CAT, Crate, Table


@pytest.mark.parametrize(
    "op",
    [
        Vars(99, 1, [1.0]),
        Vars(2, 0, []),
        Vars(2, 1 << 40, [1.0]),
        Vars(2, 0b10, ["far"]),
        Vars(2, 0b10, [1.0, 2.0]),
        Vars(2, 1 << 6, [["a"]]),  # the bag
        Edits(99, 6, [(0, None, "a")]),
        Edits(2, 99, [(0, None, "a")]),
        Edits(2, 1, [(0, None, 1.0)]),  # x holds no elements
        Edits(2, 6, [(9, None, "a")]),
        Edits(2, 6, [(0, None, 3)]),
        Edits(2, 6, [(3, 0, None)]),
        Edits(2, 7, [(0, 3, {"x": 1.0, "y": 2.0})]),
        Edits(2, 7, [(0, "a", {"x": 1.0})]),
        Edits(2, 7, [(2, "a", {"x": 1.0, "y": 2.0})]),
        Edits(2, 8, [(3, None, 1)]),
        Spawn(2, 1, None, [1.0, []]),
        Spawn(9, 7, None, [1.0, []]),
        Spawn(9, 1, None, [1.0]),
        Spawn(9, 1, None, ["a", []]),
        Spawn(9, 1, None, [1.0, 3]),
        Despawn(99),
        Assign(99, None),
        Rpc(99, 0, None, [1]),
        Rpc(2, 5, None, [1]),
        Rpc(2, 0, None, []),
        Rpc(2, 0, None, ["a"]),
    ],
)
def test_an_update_with_one_wrong_operation_changes_nothing(op: Op) -> None:
    table = Table()
    before = table.bob.dump()
    tank = table.tank(table.bob)
    good: list[Op] = [
        Vars(2, 0b10, [5.0]),
        Edits(2, 6, [(0, None, "a"), (3, 0, None)]),
        Spawn(4, 1, BOB, [1.0, [1]]),
        Despawn(1),
        Suspend(CAT),
    ]
    with pytest.raises(RemoteProtocolError, match=type(op).__name__.lower()):
        table.bob.apply(encode([*good, op]))
    assert table.bob.dump() == before and tank.heard == []
    table.bob.apply(encode(good))
    assert tank.x == 5.0


def test_operations_see_what_came_before_them_in_the_update() -> None:
    table = Table()
    table.bob.apply(
        encode(
            [
                Spawn(4, 1, None, [1.0, []]),
                Vars(4, 1, [2.0]),
                Edits(4, 1, [(0, None, 7)]),
                Edits(4, 1, [(0, None, 8), (3, 0, None)]),
                Assign(4, BOB),
            ]
        )
    )
    crate: Any = table.bob.objects[4]
    assert (crate.weight, list(crate.items), crate.owner) == (2.0, [8], BOB)
    with pytest.raises(RemoteProtocolError):
        table.bob.apply(encode([Despawn(4), Vars(4, 1, [2.0])]))


def test_hooks_run_after_the_whole_update_in_the_order_of_the_changes() -> None:
    seen: list[Any] = []

    @networked
    class Duck(Player):
        a: int = sync_var(0, on_change="changed")
        b: int = sync_var(0, on_change="changed")

        def changed(self, old: int, new: int) -> None:
            seen.append((old, new, self.a, self.b))

        @client_rpc
        def quack(self) -> None:
            seen.append("quack")

    game = Game("ducks", player=Duck)
    host, client = World(game, ANA), World(game, BOB)
    host.start_reign(migrated=False)
    host.admit(ANA, "ana")
    client.apply(host.collect())
    duck: Any = host.player_of(ANA)
    duck.quack()
    duck.b = 1
    duck.a = 2
    update = host.collect()
    seen.clear()
    client.apply(update)
    assert seen == ["quack", (0, 2, 2, 1), (0, 1, 2, 1)]


def test_a_hook_that_raises_stops_nothing_and_is_reported_at_the_end() -> None:
    @networked
    class Duck(Player):
        a: int = sync_var(0, on_change="changed")

        def changed(self, old: int, new: int) -> None:
            raise KeyError(f"{self.name} {new}")

        @client_rpc
        def quack(self) -> None:
            if not self.is_host:
                self.a = 3

    game = Game("ducks", player=Duck)
    host, client = World(game, ANA), World(game, BOB)
    host.start_reign(migrated=False)
    host.admit(ANA, "ana")
    host.admit(BOB, "bob")
    client.apply(host.collect())
    ducks: list[Any] = list(host.objects.values())
    for duck in ducks:
        with pytest.raises(KeyError):
            duck.a = 1
        duck.quack()
    with pytest.raises(GameCodeError, match="KeyError: 'ana 1'") as caught:
        client.apply(host.collect())
    kinds = [type(error) for error in caught.value.errors]
    assert kinds == [KeyError, AuthorityError, KeyError, AuthorityError]
    assert caught.value.__cause__ is caught.value.errors[0]
    assert client.dump() == host.dump()


def test_what_an_initialiser_does_to_replicated_fields_does_not_count_on_clients() -> None:
    @networked
    class Duck(Player):
        a: int = sync_var(1)

        def __attrs_post_init__(self) -> None:
            self.a *= 2

    game = Game("ducks", player=Duck)
    host, client = World(game, ANA), World(game, BOB)
    host.start_reign(migrated=False)
    host.admit(ANA, "ana")
    client.apply(host.collect())
    assert client.dump() == host.dump() and client.dump()[1]["fields"]["a"] == 2


def test_an_initialiser_that_raises_is_the_games_fault() -> None:
    @networked
    class Duck(Player):
        def __attrs_post_init__(self) -> None:
            if self.name == "bob":
                raise ValueError("no bobs")

    client = World(Game("ducks", player=Duck), BOB)
    with pytest.raises(GameCodeError, match="ValueError: no bobs"):
        client.apply(encode([Spawn(1, 0, BOB, ["bob"])]))
    assert not client.objects


def test_peers_fall_asleep_and_wake() -> None:
    table = Table()
    tank = table.tank(table.bob, CAT)
    table.bob.apply(encode([Suspend(CAT), Resume(CAT), Resume(ANA), Suspend(CAT)]))
    assert tank.heard == ["suspended", "resumed", "suspended"] and tank.suspended


def test_a_change_is_told_with_old_and_new() -> None:
    table = Table()
    crate = table.host.spawn(Crate(items=[1, 2]))  # type: ignore[arg-type]
    del crate.items[0]
    table.sync()
    tank = table.tank(table.host)
    tank.bag = ["a"]  # type: ignore[assignment]
    table.sync()
    (change,) = table.tank(table.bob).heard
    assert isinstance(change, Change) and (change.key, change.old, change.new) == (0, None, "a")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_mangled_update_is_refused_or_taken_whole(data: st.DataObject) -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.x, tank.gold = 1.0, 3
    tank.bag.extend(["a", "b"])
    tank.friends.add(3)
    tank.honk(2)
    table.host.spawn(Crate(items=[1]), BOB)  # type: ignore[arg-type]
    update = bytearray(table.host.collect())
    for _ in range(data.draw(st.integers(1, 3))):
        update[data.draw(st.integers(0, len(update) - 1))] = data.draw(st.integers(0, 255))
    before = table.bob.dump()
    try:
        table.bob.apply(bytes(update))
    except RemoteProtocolError:
        assert table.bob.dump() == before
    late = World(table.bob.game, CAT)
    late.restore(table.bob.snapshot())
    assert repr(late.dump()) == repr(table.bob.dump())
