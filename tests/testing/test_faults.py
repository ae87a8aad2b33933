from __future__ import annotations

import pytest

from p2pnet.testing.faults import DOINGS
from p2pnet.testing.playing import Run, prepare
from p2pnet.testing.scenario import Kind, Scenario, Step
from p2pnet.testing.sim_peer import Dials


def do(run: Run, step: Step) -> object:
    """Do a step to the peer that it means. Gives what ends it."""
    peer = run.pick(step.peer)
    assert peer is not None
    return DOINGS[step.kind](run, step, peer)


def running(players: int) -> Run:
    return prepare(Scenario(players, ()))


@pytest.mark.parametrize(
    ("kind", "amount", "cuts"),
    [
        (Kind.CUT, 0, {(1, 2)}),
        (Kind.CUT_BOTH, 0, {(1, 2), (2, 1)}),
        (Kind.ISOLATE, 0, {(1, 0), (1, 2), (1, 3), (0, 1), (2, 1), (3, 1)}),
        (Kind.HALVES, 1, {(0, 1), (0, 2), (0, 3), (1, 0), (2, 0), (3, 0)}),
        (Kind.BRIDGE, 1, {(0, 2), (0, 3), (2, 0), (3, 0)}),
        (Kind.RING, 0, {(0, 2), (2, 0), (1, 3), (3, 1)}),
    ],
)
def test_a_topology_is_cut_as_it_is_named_and_mended_by_its_end(
    kind: Kind, amount: int, cuts: set[tuple[int, int]]
) -> None:
    run = running(4)
    undo = do(run, Step(kind, peer=1, other=2, amount=amount))
    assert set(run.world.network.cuts) == cuts
    assert callable(undo)
    undo()
    assert not run.world.network.cuts


def test_a_fault_of_one_peer_is_over_with_its_end() -> None:
    run = running(2)
    peer = run.world.peers[1]
    kinds = (Kind.PAUSE, Kind.SLOW, Kind.LATE_TIMERS, Kind.DRIFT, Kind.REFUSE_DIALS)
    ends = [do(run, Step(kind, peer=1, amount=50)) for kind in kinds]
    during = (peer.paused, peer.slow_us, peer.late_timers_us, peer.clock.rate, peer.dials)
    assert during == (True, 50, 50, 1050, Dials.REFUSED)
    for end in ends:
        assert callable(end)
        end()
    after = (peer.paused, peer.slow_us, peer.late_timers_us, peer.clock.rate, peer.dials)
    assert after == (False, 0, 0, 1000, Dials.WELCOME)


def test_who_is_restarted_comes_back_with_its_key_in_a_new_process() -> None:
    run = running(3)
    do(run, Step(Kind.CRASH, peer=2))
    do(run, Step(Kind.RESTART, peer=0))
    dead, again = run.world.peers[2:]
    assert (dead.alive, again.alive, again.key == dead.key) == (False, True, True)
