from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import attrs
import pytest

from p2pnet.core.states import State
from p2pnet.testing.lanes import world_of
from p2pnet.testing.scenario import Lane, Scenario
from p2pnet.testing.sim_peer import Dials
from p2pnet.testing.sim_world import SimWorld

LANES = pytest.mark.parametrize("lane", list(Lane))


@contextmanager
def running(lane: Lane, players: int = 3) -> Iterator[SimWorld]:
    world = world_of(attrs.evolve(Scenario(players, ()), lane=lane))
    with closing(world):
        world.game(players)
        yield world


def together(world: SimWorld) -> bool:
    return world.run_while(lambda: not world.converged())


@LANES
def test_who_dies_is_no_member_and_the_others_go_on(lane: Lane) -> None:
    with running(lane) as world:
        first, second, third = world.peers
        world.crash(first)
        assert world.members == [second, third] and not world.converged()
        assert together(world) and world.hosts[0] in (second, third)
        world.crash(world.hosts[0], silent=True)
        assert together(world) and len(world.members) == 1


@LANES
def test_what_is_torn_is_lost_for_one_and_arrives_for_the_other(lane: Lane) -> None:
    with running(lane) as world:
        host, one, other = world.peers
        world.submit(host, "word")
        world.run_for(1)
        world.crash(host, lost_for=(one,))
        assert together(world)
        texts = [text for _, text in one.journal.entries]
        assert texts == [text for _, text in other.journal.entries]


@LANES
def test_cuts_part_and_heal(lane: Lane) -> None:
    with running(lane) as world:
        host, one, _ = world.peers
        world.isolate(host)
        world.run_for(3_000_000)
        assert len(world.hosts) == 2
        world.heal()
        assert together(world) and len(world.hosts) == 1
        world.cut_both(host, one)
        assert set(world.network.cuts) == {(0, 1), (1, 0)}


@LANES
def test_links_break_for_both_or_for_one_and_come_back(lane: Lane) -> None:
    with running(lane) as world:
        host, one, _ = world.peers
        for breaks in (world.reset_links, world.half_close):
            breaks(one, host)
            world.run_for(5_000_000)
            assert world.converged() and world.network.links_between(1, 0)


@LANES
def test_processes_are_healed_of_all_that_is_wrong_with_them(lane: Lane) -> None:
    with running(lane) as world:
        host, one, other = world.peers
        world.pause(one)
        one.slow_us, one.dials, other.late_timers_us = 5_000, Dials.REFUSED, 50_000
        world.set_clock_rate(other, 1_050)
        world.run_for(2_000_000)
        assert not world.converged()
        world.heal()
        world.heal_peers()
        assert (one.paused, one.slow_us, one.dials) == (False, 0, Dials.WELCOME)
        assert (other.late_timers_us, other.clock.rate) == (0, 1_000)
        assert together(world) and world.hosts == [host]


@LANES
def test_somebody_else_in_ones_name_gets_no_seat(lane: Lane) -> None:
    with running(lane) as world:
        liar = world.impostor(world.peers[1], world.peers[0])
        world.run_for(3_000_000)
        assert liar.id == world.peers[1].id and liar not in world.members
        assert liar.core.state is not State.FOLLOWING and world.converged()


@LANES
def test_noise_costs_the_link_it_came_by_and_no_more(lane: Lane) -> None:
    with running(lane) as world:
        _, one, other = world.peers
        world.slip(one, other, b"\x91\x7f")
        world.run_for(100_000)
        assert not world.network.links_between(1, 2) or world.network.links_between(2, 1)
        world.run_for(5_000_000)
        assert world.converged() and world.network.links_between(1, 2)


@LANES
def test_nothing_comes_of_being_woken_early(lane: Lane) -> None:
    with running(lane) as world:
        for peer in world.peers:
            world.wake_early(peer)
        world.run_for(1_000)
        assert world.converged()


@LANES
def test_who_leaves_or_is_kicked_or_handed_the_game(lane: Lane) -> None:
    with running(lane, 4) as world:
        host, one, other, last = world.peers
        world.hand_over(host, one)
        assert world.run_while(lambda: world.hosts != [one])
        world.kick(one, other)
        world.leave(last)
        assert world.run_while(lambda: world.members != [host, one])
        again = world.join(one, "again", key=last.key)
        assert world.run_while(lambda: again.core.state is not State.FOLLOWING)
        assert again.id == last.id
        world.wind_up()
