from __future__ import annotations

import attrs
import pytest

from p2pnet.core.states import State
from p2pnet.testing.catalogue import InvariantBroken
from p2pnet.testing.faults import DOINGS
from p2pnet.testing.playing import play
from p2pnet.testing.scenario import AMOUNTS, HOST, Kind, Scenario, Step


def test_every_kind_of_step_can_be_taken() -> None:
    assert set(DOINGS) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("peer", [HOST, 1])
def test_each_kind_alone_is_survived(kind: Kind, peer: int) -> None:
    step = Step(kind, 10_000, peer, other=2, amount=max(AMOUNTS.get(kind, (0, 0))[0], 0))
    run = play(Scenario(4, (Step(Kind.SUBMIT, peer=1), step, Step(Kind.SUBMIT, 900_000))))
    assert run.converged_us is not None


def test_a_step_that_makes_no_sense_is_nothing() -> None:
    alone = Scenario(1, tuple(Step(kind) for kind in Kind if kind not in (Kind.JOIN, Kind.PAUSE)))
    assert play(alone).world.peers[0].core.state is State.REIGNING


def test_a_step_counts_those_who_live_and_the_host_is_whoever_hosts() -> None:
    run = play(Scenario(4, (Step(Kind.CRASH), Step(Kind.CRASH, 2_000_000))))
    assert [peer.alive for peer in run.world.peers] == [False, False, True, True]


def test_the_last_one_in_session_is_never_killed() -> None:
    run = play(Scenario(2, (Step(Kind.CRASH), Step(Kind.CRASH, 2_000_000))))
    assert sum(peer.alive for peer in run.world.peers) == 1


def test_a_scenario_in_which_all_left_has_nothing_to_check() -> None:
    steps = (Step(Kind.PAUSE, peer=1), Step(Kind.KICK, peer=1), Step(Kind.LEAVE, 900_000))
    run = play(Scenario(2, steps))
    assert all(peer.core.state is not State.FOLLOWING for peer in run.world.peers)


def test_a_scenario_is_a_value() -> None:
    one, same = (Scenario(2, (Step(Kind.CRASH),)) for _ in range(2))
    assert one == same and hash(one) == hash(same)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        one.seed = 3  # type: ignore[misc]


def test_what_does_not_come_together_is_said_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pnet.testing.playing.CONVERGE_US", 1_000)
    with pytest.raises(InvariantBroken, match="L1"):
        play(Scenario(3, (Step(Kind.CRASH),)))
