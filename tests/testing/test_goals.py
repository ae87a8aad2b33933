from __future__ import annotations

from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.goals import Goal, Tally
from p2pnet.testing.scenario import Phase
from p2pnet.testing.victims import Stage


def running(players: int) -> tuple[CoreWorld, Tally]:
    world = CoreWorld()
    world.game(players)
    tally = Tally(world)
    world.observers.append(tally)
    return world, tally


def test_a_calm_session_reaches_no_goal() -> None:
    world, tally = running(3)
    world.submit(world.peers[1], "a move")
    world.run_for(2_000_000)
    assert tally.reached == {}


def test_the_last_of_three_reigns_alone_after_the_deaths_of_the_others() -> None:
    world, tally = running(3)
    world.crash(world.peers[0])
    world.crash(world.peers[1])
    world.run_for(10_000_000)
    assert tally.reached[Goal.LONE_SURVIVOR] == 1
    assert Goal.HOST_AND_TWO_DIED not in tally.reached


def test_three_deaths_count_as_one_only_within_a_moment() -> None:
    for gap_us, expected in ((10_000, 1), (90_000, 0)):
        world, tally = running(5)
        for peer in world.peers[:3]:
            world.crash(peer)
            world.run_for(gap_us)
        assert tally.reached.get(Goal.HOST_AND_TWO_DIED, 0) == expected


def test_a_handover_is_counted_when_the_target_is_crowned() -> None:
    world, tally = running(3)
    world.hand_over(world.peers[0], world.peers[1])
    assert Goal.HANDED_OVER not in tally.reached
    world.run_for(3_000_000)
    assert tally.reached[Goal.HANDED_OVER] == 1


def test_who_dies_at_its_crown_died_before_any_welcome() -> None:
    world, tally = running(4)

    def strike(phase: Phase) -> None:
        if phase is Phase.CROWNED and world.peers[1].alive:
            world.after(0, lambda: world.crash(world.peers[1]))

    world.observers.append(Stage(world, strike))
    world.crash(world.peers[0])
    world.run_for(5_000_000)
    assert tally.reached[Goal.DIED_CROWNED] == tally.reached[Goal.DIED_BEFORE_WELCOME] == 1
