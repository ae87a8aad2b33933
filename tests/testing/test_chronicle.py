from __future__ import annotations

from p2pnet.core.values import PeerId
from p2pnet.testing.chronicle import Chronicled, Scribe, chronicle_game, chronicle_of
from p2pnet.world.world import World

ANA, BO = PeerId("ana"), PeerId("bo")


def hosted() -> tuple[World, Chronicled]:
    world = World(chronicle_game(50_000), ANA)
    world.start_reign(migrated=False)
    world.admit(ANA, "ana")
    world.admit(BO, "bo")
    return world, Chronicled(world)


def test_whatever_anybody_does_becomes_an_entry() -> None:
    world, written = hosted()
    for peer, text in ((ANA, "one"), (BO, "two words")):
        scribe = world.player_of(peer)
        assert isinstance(scribe, Scribe)
        payloads: list[bytes] = []
        world.submit = lambda payload, ack: payloads.append(payload)  # type: ignore[assignment]  # noqa: B023
        world.me = peer
        scribe.enter(text)
        world.execute(peer, payloads[0])
    assert written.entries == [("ana", "one"), ("bo", "two words")]
    assert len(chronicle_of(world).entries) == 2


def test_who_is_away_shows_and_an_empty_world_has_nothing() -> None:
    world, written = hosted()
    world.suspend(BO)
    assert written.away == {ANA: False, BO: True}
    world.resume(BO)
    assert written.away == {ANA: False, BO: False}
    assert Chronicled(World(chronicle_game(50_000), ANA)).entries == []


def test_the_game_ticks_as_often_as_it_is_told() -> None:
    assert chronicle_game(50_000).tick_hz == 20
    assert chronicle_game(5_000_000).tick_hz == 1
