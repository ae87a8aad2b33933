from __future__ import annotations

from p2pnet import PeerId, World
from p2pnet.testing.games.watch import Watch
from p2pnet.testing.games.watched import watch_world

from .mistaken import MINERS, Miner


def test_a_watched_world_does_what_it_did_before() -> None:
    plain, watched = (World(MINERS, PeerId("ana")) for _ in range(2))
    watch = Watch()
    watch_world(watched, watch, "ana")
    for world in (plain, watched):
        world.start_reign(False)
        world.admit(PeerId("ana"), "ana")
        world.tick(50_000)
    assert plain.dump() == watched.dump()
    assert plain.collect() == watched.collect()
    assert isinstance(watched, World) and watch.reigning is watched
    player = watched.player_of(PeerId("ana"))
    assert isinstance(player, Miner) and player.world is watched
    assert watch.mistakes() == []


def test_two_watches_do_not_hear_one_another() -> None:
    worlds = [World(MINERS, PeerId(name)) for name in ("ana", "bea")]
    watches = [Watch(), Watch()]
    for world, watch in zip(worlds, watches, strict=True):
        watch_world(world, watch, "ana")
    worlds[0].start_reign(False)
    assert [watch.reigning for watch in watches] == [worlds[0], None]
