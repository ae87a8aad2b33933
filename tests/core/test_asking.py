"""Whose answer a claimant waits for, and for how long."""

from __future__ import annotations

from itertools import permutations

import pytest

from p2pnet.core.events import BecameHost, ClaimGranted, ClaimMade
from p2pnet.core.messages import PROTOCOL_VERSION, Hello
from p2pnet.core.states import State
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.sim_peer import SimPeer
from tests.core.bench import Bench

_RED_US = 600_000
_WINDOW_US = 170_000  # at the round trips of the simulated network


def until_it_reigns_us(world: CoreWorld, peer: SimPeer, since_us: int) -> int:
    assert world.run_while(lambda: peer.core.state is not State.REIGNING, 10_000_000)
    return world.now - since_us


def lost_us(world: CoreWorld, peer: SimPeer) -> int:
    """When this peer lost its host."""
    assert world.run_while(lambda: peer.core.state in (State.FOLLOWING, State.JOINING))
    return world.now


def test_half_of_those_asked_are_enough_if_the_others_are_silent() -> None:
    world = CoreWorld()
    host, successor, claimant, *_ = world.game(5)
    for peer in (host, successor):
        world.crash(peer, silent=True)
    since_us = lost_us(world, claimant)
    assert until_it_reigns_us(world, claimant, since_us) <= 2 * _WINDOW_US


def test_who_is_heard_and_does_not_answer_is_waited_for_no_longer_than_a_red_period() -> None:
    world = CoreWorld()
    host, claimant, _, deaf = world.game(4)
    world.cut(claimant, deaf)
    world.crash(host)
    time_us = until_it_reigns_us(world, claimant, lost_us(world, claimant))
    assert 2 * _WINDOW_US < time_us <= _RED_US + 2 * _WINDOW_US


def test_those_who_are_asked_again_hold_to_their_word() -> None:
    world = CoreWorld()
    host, claimant, grantor, deaf = world.game(4)
    world.cut(claimant, deaf)
    world.crash(host)
    until_it_reigns_us(world, claimant, lost_us(world, claimant))
    assert len(grantor.saw(ClaimGranted)) >= 2 and not grantor.saw(ClaimMade)
    assert len(claimant.saw(ClaimMade)) == 1


@pytest.mark.parametrize("players", [3, 4])
def test_who_hears_nobody_of_several_takes_itself_for_cut_off_at_first(players: int) -> None:
    world = CoreWorld()
    _, alone, *_ = world.game(players)
    world.isolate(alone)
    time_us = until_it_reigns_us(world, alone, lost_us(world, alone))
    assert 3 * _RED_US <= time_us <= 3 * _RED_US + 2 * _WINDOW_US


def test_who_was_away_before_the_host_was_lost_is_no_sign_of_a_rough_network() -> None:
    world = CoreWorld()
    first, second, alone = world.game(3)
    world.crash(first, silent=True)
    assert world.run_while(lambda: not world.converged())
    world.run_for(1_000_000)
    world.crash(second, silent=True)
    assert until_it_reigns_us(world, alone, lost_us(world, alone)) <= _WINDOW_US


@pytest.mark.parametrize(("players", "least_us"), [(2, 3 * _RED_US // 2), (3, 3 * _RED_US)])
def test_where_silences_are_usual_hearing_nobody_says_little(players: int, least_us: int) -> None:
    world = CoreWorld()
    host, alone, *_ = world.game(players)
    world.cut(host, alone)
    world.run_for(400_000)
    world.heal()
    world.run_for(1_000_000)
    world.isolate(alone)
    time_us = until_it_reigns_us(world, alone, lost_us(world, alone))
    assert least_us <= time_us <= least_us + _WINDOW_US


def test_one_of_two_has_nobody_to_wait_for() -> None:
    world = CoreWorld()
    _, other = world.game(2)
    world.isolate(other)
    assert until_it_reigns_us(world, other, lost_us(world, other)) <= _WINDOW_US


def test_who_hears_nobody_and_knows_that_the_host_is_gone_waits_for_a_red_period() -> None:
    world = CoreWorld()
    host, alone, other = world.game(3)
    world.crash(other, silent=True)
    world.crash(host)
    assert until_it_reigns_us(world, alone, lost_us(world, alone)) <= _RED_US + 2 * _WINDOW_US


def test_who_still_hears_the_host_answers_when_it_knows_and_not_before() -> None:
    world = CoreWorld()
    host, claimant, witness = world.game(3)
    world.cut(host, claimant)
    world.cut(witness, host)  # it hears the host, and what it asks the host is late
    assert world.run_while(lambda: claimant.core.state is not State.CLAIMING)
    world.run_for(2 * _WINDOW_US + 60_000)
    assert claimant.core.state is State.CLAIMING
    world.network.heal(witness.number, host.number)
    assert world.run_while(lambda: claimant.core.state is State.CLAIMING)
    assert claimant.core.state is State.ISOLATED and not claimant.saw(BecameHost)


def test_where_the_network_is_fair_who_fell_silent_before_is_not_waited_for() -> None:
    world = CoreWorld()
    host, alone, other = world.game(3)
    world.run_for(1_000_000)
    world.crash(other, silent=True)
    world.run_for(1_200_000)
    world.crash(host)
    assert until_it_reigns_us(world, alone, lost_us(world, alone)) <= _WINDOW_US


def test_where_silences_are_usual_who_fell_silent_is_waited_for_until_red() -> None:
    world = CoreWorld()
    host, alone, other = world.game(3)
    world.cut(other, alone)
    world.run_for(400_000)
    world.heal()
    world.run_for(1_000_000)
    world.crash(other, silent=True)
    world.run_for(400_000)
    world.crash(host)
    time_us = until_it_reigns_us(world, alone, lost_us(world, alone))
    assert _WINDOW_US < time_us <= _RED_US + 2 * _WINDOW_US


@pytest.mark.parametrize("after_us", [0, _RED_US, 2 * _RED_US])
def test_who_hears_one_that_was_started_again_is_not_cut_off(after_us: int) -> None:
    """It can't grant. If it is back soon, its earlier process still seems to be there."""
    world = CoreWorld()
    host, alone, other = world.game(3)
    for peer in (host, other):
        world.crash(peer, silent=True)
    world.run_for(after_us)
    again, since_us = world.join(alone, "again", key=other.key), world.now
    assert until_it_reigns_us(world, alone, since_us) <= _RED_US + 2 * _WINDOW_US
    assert world.run_while(lambda: again.core.state is not State.FOLLOWING, _WINDOW_US)
    assert again.core.connection_id == other.core.connection_id


def test_who_hears_somebody_without_a_seat_may_be_cut_off_all_the_same() -> None:
    world = CoreWorld()
    host, alone, other = world.game(3)
    for peer in (host, other):
        world.crash(peer, silent=True)
    since_us = lost_us(world, alone)
    world.join(alone, "stranger")
    assert until_it_reigns_us(world, alone, since_us) >= 3 * _RED_US


def test_who_heard_nobody_asks_all_that_are_heard_before_it_counts_the_first_word() -> None:
    world = CoreWorld()
    host, claimant, first, other = world.game(4)
    for peer in (claimant, first):
        for silent in (host, other):
            world.cut_both(peer, silent)
    world.run_for(150_000)
    world.cut_both(claimant, first)
    assert world.run_while(lambda: claimant.core.state is not State.CLAIMING, 2_000_000)
    world.run_for(300_000)
    for one, far in permutations((claimant, first, other), 2):
        world.network.heal(one.number, far.number)
    world.run_for(500_000)
    assert first.saw(ClaimGranted) and not claimant.saw(BecameHost)
    world.heal()
    world.run_for(1_500_000)
    assert world.hosts == [host]


def test_a_false_greeting_in_the_name_of_the_lost_host_costs_one_answer_window() -> None:
    bench = Bench.of(2)
    world, (host, alone) = bench.world, bench.peers
    world.crash(host, silent=True)
    world.run_for(400_000)
    assert alone.core.state is State.FOLLOWING and host.core.session is not None
    _, link = bench.stranger(alone)
    fingerprint = alone.core._s.fingerprint
    hello = Hello(PROTOCOL_VERSION, host.core.session, host.key, 7, b"c" * 16, fingerprint)
    bench.slip_on(alone, link, hello)
    since_us = lost_us(world, alone)
    assert 0 < until_it_reigns_us(world, alone, since_us) <= _WINDOW_US
