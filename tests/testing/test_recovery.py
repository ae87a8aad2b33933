from __future__ import annotations

import pytest

from p2pnet.core.events import BecameHost
from p2pnet.testing import recovery
from p2pnet.testing.catalogue import InvariantBroken
from p2pnet.testing.core_world import CoreWorld
from p2pnet.testing.recovery import Cause, Recovery, check_recovery, measure


@pytest.mark.parametrize("players", [2, 4, 8])
@pytest.mark.parametrize("cause", Cause)
def test_everybody_is_back_in_time(cause: Cause, players: int) -> None:
    assert check_recovery(Recovery(cause, players, seed=3)) > 0


def test_silence_takes_longer_to_notice_than_a_close() -> None:
    close, silence = (measure(Recovery(cause, 4, seed=1)) for cause in list(Cause)[:2])
    assert close < 250_000 < silence


def test_successors_that_die_with_the_host_cost_nothing() -> None:
    alone, together = (measure(Recovery(Cause.CLOSE, 6, 5, also=also)) for also in (0, 2))
    assert together < alone * 3 // 2


@pytest.mark.parametrize("cause", [Cause.CLOSE, Cause.SILENCE])
def test_in_a_large_session_the_next_in_rank_is_found_though_nobody_had_a_link_to_it(
    cause: Cause,
) -> None:
    """Else each would begin a reign of its own, and a dozen of them would have to merge."""
    assert check_recovery(Recovery(cause, 14, seed=4, also=2)) > 0


def test_in_a_large_session_successors_may_die_one_by_one() -> None:
    world = CoreWorld(seed=3)
    world.game(12)
    host, first, second, third, *_ = world.peers
    for peer in (host, first, second):
        world.crash(peer)
        world.run_for(10_000)
    assert world.run_while(lambda: not world.converged(), 1_000_000)
    assert [peer for peer in world.peers[3:] if peer.saw(BecameHost)] == [third]


@pytest.mark.parametrize(("players", "seed"), [(4, 131632305071981), (6, 83032117117480)])
def test_a_dial_to_a_dead_successor_that_has_just_begun_costs_nothing(
    players: int, seed: int
) -> None:
    assert check_recovery(Recovery(Cause.CLOSE, players, seed, also=1)) < 150_000


def test_who_takes_too_long_breaks_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "_BOUNDS_US", dict.fromkeys(Cause, 1_000))
    monkeypatch.setattr(recovery, "_LONE_BOUNDS_US", dict.fromkeys(Cause, 1_000))
    for players, name in ((4, "L1"), (2, "L2")):
        with pytest.raises(InvariantBroken) as caught:
            check_recovery(Recovery(Cause.CLOSE, players, seed=1))
        assert caught.value.name == name
