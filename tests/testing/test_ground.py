from __future__ import annotations

import pytest

from p2pnet.core.settings import Settings
from p2pnet.testing.ground import SOON_US, Ground, holds
from p2pnet.testing.scenario import Scenario

from .watched import broken, watched


@pytest.fixture
def ground() -> Ground:
    world, watch = watched(3)
    return Ground(world, watch, Scenario(3, (), settings=Settings(seat_us=1_000_000)))


def test_what_a_player_does_is_held_by_all_once_it_is_done(ground: Ground) -> None:
    text = ground.say(ground.peers[1], "a move")
    broken("L4", lambda: ground.settled(ground.peers[1]))
    ground.world.run_for(SOON_US)
    ground.settled(ground.peers[1])
    assert all(holds(peer, text) for peer in ground.peers)
    assert not holds(ground.peers[0], "another move")


def test_two_sides_come_together_when_the_ground_heals(ground: Ground) -> None:
    reigns = ground.watch.reigns
    ground.part(ground.peers[:1], ground.peers[1:])
    ground.world.run_for(3_000_000)
    broken("L5", lambda: ground.same_reign(reigns, "two were parted from their host"))
    ground.heal()
    assert ground.world.converged()


def test_who_was_there_has_its_seat(ground: Ground) -> None:
    host, client, _ = ground.peers
    ground.seated(ground.peers)
    ground.world.kick(host, client)
    broken("L3", lambda: ground.seated(ground.peers))
