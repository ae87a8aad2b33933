from __future__ import annotations

from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.trace import Trace


def traced(seed: int = 1, act: bool = True) -> bytes:
    world, trace = CoreWorld(seed=seed), Trace()
    world.observers.append(trace)
    world.game(3)
    if act:
        world.submit(world.peers[1], "x")
    world.run_for(300_000)
    return trace.digest


def test_equal_runs_have_equal_digests() -> None:
    assert traced() == traced()


def test_any_difference_changes_it() -> None:
    assert len({traced(), traced(seed=2), traced(act=False)}) == 3


def test_heartbeats_are_no_difference() -> None:
    world, trace = CoreWorld(), Trace()
    world.game(3)
    world.observers.append(trace)
    before = trace.digest
    world.run_for(2_000_000)
    assert trace.digest == before
