"""How long it may take at most, in virtual time: round trips of 40 to 60 ms, all links warm."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest

from p2pnet.core.events import HostChanged, HostLost
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld

_HOME = (State.FOLLOWING, State.REIGNING)
_ROUND_TRIP_US = 60_000
_TICK_US = 50_000
_WINDOW_US = 170_000  # W at that round trip
_SEEDS = range(12)

Loss = Callable[[CoreWorld], None]


def game(seed: int, players: int) -> CoreWorld:
    """A session that was on for a while: it is lost at any point between two heartbeats."""
    world = CoreWorld(seed=seed, tick_us=_TICK_US)
    world.game(players)
    world.run_for(seed * 37_000)
    return world


def until_all_play_us(world: CoreWorld, loss: Loss) -> int:
    """From the loss until every survivor plays on under one new host."""
    old, start = world.hosts[0].core.epoch, world.now
    loss(world)

    def apart() -> bool:
        living = [peer.core for peer in world.peers if peer.alive]
        return any(core.state not in _HOME or core.epoch == old for core in living)

    assert world.run_while(apart, 10_000_000)
    return world.now - start


def times_us(players: int, loss: Loss) -> list[int]:
    return [until_all_play_us(game(seed, players), loss) for seed in _SEEDS]


def closes(world: CoreWorld) -> None:
    world.crash(world.peers[0])


def falls_silent(world: CoreWorld) -> None:
    world.crash(world.peers[0], silent=True)


def with_two_successors(loss: Loss) -> Loss:
    def all_three(world: CoreWorld) -> None:
        silent = loss is falls_silent
        for peer in world.peers[:3]:
            world.crash(peer, silent=silent)

    return all_three


@pytest.mark.parametrize(
    ("loss", "median_us", "worst_us"),
    [(closes, 140_000, 3 * _ROUND_TRIP_US), (falls_silent, 760_000, 620_000 + 3 * _ROUND_TRIP_US)],
)
def test_the_host_is_lost_by_eight(loss: Loss, median_us: int, worst_us: int) -> None:
    times = times_us(8, loss)
    assert statistics.median(times) <= median_us and max(times) <= worst_us


@pytest.mark.parametrize("loss", [closes, falls_silent])
def test_dead_successors_cost_nothing(loss: Loss) -> None:
    alone, together = (times_us(8, kind) for kind in (loss, with_two_successors(loss)))
    assert statistics.median(together) <= 1.05 * statistics.median(alone)


@pytest.mark.parametrize(("loss", "limit_us"), [(closes, 90_000), (falls_silent, 680_000)])
def test_one_of_two_is_left(loss: Loss, limit_us: int) -> None:
    assert max(times_us(2, loss)) <= limit_us


def test_one_of_two_is_left_and_nobody_answers_its_redial() -> None:
    def closes_mutely(world: CoreWorld) -> None:
        world.crash(world.peers[0])
        world.peers[0].vanished = True

    assert max(times_us(2, closes_mutely)) <= _ROUND_TRIP_US // 2 + _WINDOW_US


@pytest.mark.parametrize("players", [2, 3, 8])
def test_a_handover_is_a_pause_of_a_round_trip_and_a_tick(players: int) -> None:
    def hands_over(world: CoreWorld) -> None:
        world.hand_over(world.peers[0], world.peers[1])

    assert max(times_us(players, hands_over)) <= _ROUND_TRIP_US + _TICK_US


def test_who_is_behind_needs_a_round_trip_more() -> None:
    def behind(world: CoreWorld) -> None:
        host, first, ahead = world.peers[:3]
        world.cut(host, first)
        world.submit(ahead, "x")
        world.run_for(100_000)
        world.crash(host, lost_for=[first])
        world.heal()

    limit_us = 100_000 + 4 * _ROUND_TRIP_US
    assert max(times_us(4, behind)) <= limit_us


@pytest.mark.parametrize(
    ("silent", "more_us"), [(False, 2 * _ROUND_TRIP_US), (True, 4 * _WINDOW_US + _ROUND_TRIP_US)]
)
def test_a_claimant_that_dies_costs_its_own_loss_and_no_more(silent: bool, more_us: int) -> None:
    def twice(world: CoreWorld) -> None:
        world.crash(world.peers[0])
        assert world.run_while(lambda: world.peers[1].core.state is not State.CLAIMING)
        world.run_for(1_000)
        world.crash(world.peers[1], silent=silent)

    assert max(times_us(4, twice)) <= 3 * _ROUND_TRIP_US + more_us


def test_an_old_host_that_wakes_is_a_client_after_an_answer_window() -> None:
    for seed in _SEEDS:
        world = game(seed, 4)
        host = world.peers[0]
        world.pause(host)
        world.run_for(5_000_000)
        world.resume(host)
        woke_us = world.now
        assert world.run_while(lambda: host.core.state is not State.FOLLOWING)  # noqa: B023
        assert world.now - woke_us <= _WINDOW_US + 2 * _ROUND_TRIP_US


def test_a_client_that_wakes_accuses_nobody_for_a_red_period() -> None:
    world = game(0, 3)
    client = world.peers[2]
    world.pause(client)
    world.run_for(5_000_000)
    for other in world.peers[:2]:
        world.cut(other, client)
    world.resume(client)
    world.run_for(550_000)
    assert not client.saw(HostLost)


@pytest.mark.parametrize("seed", range(4))
def test_a_command_of_a_survivor_is_acknowledged_two_round_trips_after_the_welcome(
    seed: int,
) -> None:
    world = game(seed, 4)
    client = world.peers[3]
    ticket = world.submit(client, "in flight")
    world.crash(world.peers[0])
    assert world.run_while(lambda: not client.saw(HostChanged))
    welcomed_us = world.now
    assert world.run_while(lambda: ticket not in client.settled)
    assert world.now - welcomed_us <= 2 * _ROUND_TRIP_US


@pytest.mark.parametrize("seed", range(6))
def test_two_reigns_are_one_a_second_after_the_network_is_whole(seed: int) -> None:
    world = game(seed, 5)
    for few in world.peers[:2]:
        for many in world.peers[2:]:
            world.cut_both(few, many)
    world.run_for(3_000_000)
    assert len(world.hosts) == 2
    world.heal()
    healed_us = world.now
    assert world.run_while(lambda: not world.converged())
    assert world.now - healed_us <= 1_000_000
