from __future__ import annotations

from p2pnet import Game, PeerId, World
from p2pnet.testing.games.deeds import DeedKind, deed_of

from .mistaken import Crate, Gambler, Miner, Runner, one_crate

GAME = Game("all", player=Miner, objects=[Crate], setup=one_crate)


def test_each_call_of_the_game_is_told_apart() -> None:
    world = World(GAME, PeerId("ana"))
    miner = Miner()
    dig = Miner.__layout__.call_of["dig"]
    kinds = {
        "dig": deed_of(world, dig.run, (miner, [1, "hat"])),
        "tick": deed_of(world, miner.on_tick, (0.1,)),
        "start": deed_of(world, miner.on_start_server, (False,)),
        "change": deed_of(world, miner.gold_changed, (0, 1)),
        "setup": deed_of(world, one_crate, (world,)),
        "timer": deed_of(world, miner.fuse, ()),
    }
    assert {name: deed and (deed.kind, deed.name) for name, deed in kinds.items()} == {
        "dig": (DeedKind.COMMAND, "Miner.dig"),
        "tick": (DeedKind.TICK, "Miner.on_tick"),
        "start": (DeedKind.START, "Miner.on_start_server"),
        "change": (DeedKind.ON_CHANGE, "Miner.gold_changed"),
        "setup": (DeedKind.SETUP, "one_crate"),
        "timer": (DeedKind.LATER, "Miner.fuse"),
    }
    assert [deed is not None and deed.is_host_only for deed in kinds.values()] == [
        *(True, True, True, False, True, True)
    ]


def test_hooks_that_the_game_does_not_have_are_no_deeds() -> None:
    world = World(GAME, PeerId("ana"))
    assert deed_of(world, Crate().on_tick, (0.1,)) is None
    assert deed_of(world, Runner().on_suspended, ()) is None
    assert deed_of(world, Gambler().on_start_server, (True,)) is None
    assert deed_of(world, world.despawn, (Crate(),)) is None
