from __future__ import annotations

from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.scenario import Phase, Victim
from p2pnet.testing.victims import Stage


def staged(players: int) -> tuple[CoreWorld, Stage, list[Phase]]:
    """A running session, and the phases that it comes to from now on."""
    world, phases = CoreWorld(), list[Phase]()
    world.game(players)
    stage = Stage(world, phases.append)
    world.observers.append(stage)
    return world, stage, phases


def test_ranks_count_those_who_live_and_leave_the_host_out() -> None:
    world, stage, _ = staged(4)
    ranks = (Victim.HOST, Victim.SUCCESSOR, Victim.SECOND, Victim.LAST)
    assert [stage.find(victim) for victim in ranks] == world.peers
    world.crash(world.peers[1])
    assert stage.find(Victim.SUCCESSOR) is world.peers[2]
    assert stage.find(Victim.SECOND) is world.peers[3]


def test_nobody_plays_a_part_that_there_is_not() -> None:
    _, stage, _ = staged(1)
    parts = (Victim.SUCCESSOR, Victim.LAST, Victim.CLAIMANT, Victim.FRESHEST, Victim.TARGET)
    assert [stage.find(victim) for victim in parts] == [None] * len(parts)


def test_slowest_and_bridge_follow_the_network() -> None:
    world, stage, _ = staged(4)
    world.peers[2].slow_us = 50_000
    assert stage.find(Victim.SLOWEST) is world.peers[2]
    world.cut_both(world.peers[1], world.peers[2])
    assert stage.find(Victim.BRIDGE) is world.peers[3]


def test_a_migration_is_told_phase_by_phase() -> None:
    world, stage, phases = staged(4)
    world.crash(world.peers[0])
    world.run_for(5_000_000)
    order = list(dict.fromkeys(phases))
    assert order == [Phase.LOST, Phase.CLAIMED, Phase.GRANTED, Phase.CROWNED, Phase.WELCOMING]
    assert phases.count(Phase.WELCOMING) == 1
    assert stage.find(Victim.HOST) is world.peers[1]
    assert stage.find(Victim.RETURNED) in world.peers[2:]


def test_the_target_of_a_handover_is_known() -> None:
    world, stage, phases = staged(3)
    world.hand_over(world.peers[0], world.peers[2])
    assert phases[0] is Phase.HANDING_OVER
    assert stage.find(Victim.TARGET) is world.peers[2]
