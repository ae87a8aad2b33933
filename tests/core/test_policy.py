"""Who may go on when the session falls apart."""

from __future__ import annotations

import pytest

from p2pnet.core.events import BecameHost, OnBranch, SessionPaused, SessionResumed
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


def world_of(players: int, policy: Policy, pause_us: int = 3_000_000) -> CoreWorld:
    world = CoreWorld(settings=Settings(policy=policy, pause_us=pause_us))
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


def test_a_host_without_its_majority_stands_still_and_runs_nothing_meanwhile() -> None:
    world = world_of(5, Policy.MAJORITY_ONLY)
    host, *clients = world.peers
    for client in clients[:3]:
        world.isolate(client)
    world.run_for(2_000_000)
    assert host.saw(SessionPaused)
    entries = len(host.journal.entries)
    ticket = world.submit(host, "while paused")
    other = world.submit(clients[3], "of a client while paused")
    world.run_for(2_000_000)
    assert len(host.journal.entries) == entries
    assert not host.settled and not clients[3].settled
    world.heal()
    world.run_for(8_000_000)
    assert world.converged()
    assert ticket in host.settled and other in clients[3].settled
    assert host.saw(SessionResumed)


def test_a_host_in_the_minority_waits_for_its_pause_and_then_goes_on() -> None:
    world = world_of(5, Policy.PAUSE_MINORITY)
    host, *clients = world.peers
    for client in clients[:3]:
        world.crash(client)
    world.run_for(1_000_000)
    ticket = world.submit(host, "waits")
    world.run_for(1_000_000)
    assert ticket not in host.settled
    world.run_for(3_000_000)
    assert ticket in host.settled
    assert len(host.saw(SessionPaused)) == len(host.saw(SessionResumed)) == 1


def test_who_plays_on_with_few_knows_that_it_may_be_on_a_branch() -> None:
    world = world_of(5, Policy.CONTINUE)
    host, *clients = world.peers
    for client in clients[:3]:
        world.isolate(client)
    world.run_for(2_000_000)
    assert [(e.present, e.seats) for e in host.saw(OnBranch)] == [(2, 5)]  # type: ignore[attr-defined]
    assert host.core.state is State.REIGNING
