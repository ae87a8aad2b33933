"""Who may go on when the session falls apart."""

from __future__ import annotations

import pytest

from p2pnet.core.events import BecameHost, SessionPaused
from p2pnet.core.policy import Standing, stand
from p2pnet.core.settings import Policy, Settings
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld


@pytest.mark.parametrize(
    ("policy", "present", "seats", "expected"),
    [
        (Policy.CONTINUE, 1, 5, Standing.GO),
        (Policy.PAUSE_MINORITY, 2, 5, Standing.WAIT),
        (Policy.PAUSE_MINORITY, 1, 2, Standing.GO),
        (Policy.PAUSE_MINORITY, 3, 5, Standing.GO),
        (Policy.MAJORITY_ONLY, 1, 2, Standing.STOP),
        (Policy.MAJORITY_ONLY, 2, 4, Standing.STOP),
        (Policy.MAJORITY_ONLY, 3, 5, Standing.GO),
        (Policy.MAJORITY_ONLY, 1, 1, Standing.GO),
    ],
)
def test_the_standing_of_a_part(
    policy: Policy, present: int, seats: int, expected: Standing
) -> None:
    assert stand(policy, present, seats) is expected


def world_of(
    players: int, policy: Policy, pause_us: int = 3_000_000, seat_us: int = 60_000_000
) -> CoreWorld:
    world = CoreWorld(settings=Settings(policy=policy, pause_us=pause_us, seat_us=seat_us))
    world.game(players)
    return world


def test_without_a_majority_nobody_reigns() -> None:
    world = world_of(2, Policy.MAJORITY_ONLY)
    host, client = world.peers
    world.crash(host)
    world.run_for(10_000_000)
    assert not client.saw(BecameHost)
    assert len(client.saw(SessionPaused)) == 1


def test_with_a_majority_the_game_goes_on() -> None:
    world = world_of(3, Policy.MAJORITY_ONLY)
    world.crash(world.peers[0])
    world.run_for(2_000_000)
    assert world.converged()
    assert not any(p.saw(SessionPaused) for p in world.peers)


def test_a_minority_claimant_waits_and_then_goes_on_alone() -> None:
    world = world_of(3, Policy.PAUSE_MINORITY)
    host, first, second = world.peers
    world.crash(host)
    world.crash(second)
    world.run_for(2_000_000)
    assert not first.saw(BecameHost)
    world.run_for(4_000_000)
    assert first.core.state is State.REIGNING
