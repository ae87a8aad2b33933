from __future__ import annotations

import pytest

from p2pnet.core.settings import AckLevel, Settings
from p2pnet.core.states import State
from p2pnet.testing.apart import Apart
from p2pnet.testing.catalogue import InvariantBroken
from p2pnet.testing.playing import play, prepare
from p2pnet.testing.scenario import Kind, Phase, Scenario, Step, Victim, Workload


def test_a_scenario_begins_with_everybody_in_the_session() -> None:
    run = prepare(Scenario(4, ()))
    states = [peer.core.state for peer in run.world.peers]
    assert states == [State.REIGNING, *[State.FOLLOWING] * 3] and run.watch.reigns == 1


def test_steps_happen_at_their_time() -> None:
    run = prepare(Scenario(3, ()))
    began = run.world.now
    run.take(Step(Kind.SUBMIT, 70_000, 1))
    assert run.world.now == began + 70_000 and run.done == {Kind.SUBMIT: 1}


def test_a_step_with_a_phase_waits_for_it() -> None:
    run = prepare(Scenario(4, ()))
    run.take(Step(Kind.CRASH, peer=Victim.CLAIMANT, when=Phase.CLAIMED))
    assert run.done == {}
    run.take(Step(Kind.VANISH, 100_000))
    run.world.run_for(2_000_000)
    assert run.done == {Kind.CRASH: 1, Kind.VANISH: 1} and len(run.world.members) == 2


def test_a_fault_ends_when_its_time_is_over() -> None:
    run = prepare(Scenario(3, ()))
    run.take(Step(Kind.ISOLATE, peer=1, for_us=100_000))
    assert run.world.network.cuts
    run.world.run_for(100_000)
    assert not run.world.network.cuts


def test_everything_heals_and_comes_together() -> None:
    steps = (Step(Kind.HALVES, amount=2), Step(Kind.SUBMIT, 1_500_000, 3, ack=AckLevel.HOST))
    run = play(Scenario(4, steps))
    assert run.apart is Apart.NEAR and run.converged_us is not None and run.watch.reigns >= 2


def test_players_play_by_themselves_if_they_are_told_to() -> None:
    run = play(Scenario(3, (Step(Kind.NUDGE, 5_000_000),), workload=Workload(500_000)))
    assert len(run.world.peers[0].journal.entries) > 10


def test_no_fault_takes_the_last_member() -> None:
    run = play(Scenario(2, (Step(Kind.CRASH), Step(Kind.CRASH), Step(Kind.VANISH))))
    assert len(run.world.members) == 1


def test_a_scenario_lasts_as_long_as_it_says() -> None:
    run = play(Scenario(2, (), length_us=27_000_000))
    assert 27_000_000 <= run.world.now < 30_000_000


def test_commands_for_which_there_is_no_room_are_counted() -> None:
    settings = Settings(commands_in_flight_max=2)
    steps = tuple(Step(Kind.SUBMIT, peer=1) for _ in range(5))
    assert play(Scenario(2, steps, settings=settings)).world.refused == 3


def test_what_a_core_raises_has_a_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    run = prepare(Scenario(3, ()))

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr(type(run.world.peers[0].core), "submit", fail)
    with pytest.raises(InvariantBroken, match="a bug of ours") as caught:
        play(Scenario(3, (Step(Kind.SUBMIT),)))
    assert caught.value.name == "S29"


def test_players_who_do_not_know_where_the_others_listen_are_two_sessions() -> None:
    run = prepare(Scenario(players=2, steps=()))
    one, other = run.world.peers
    assert run.is_recoverable()
    for here, away in ((one, other), (other, one)):
        assert run.is_recoverable(), "it is enough that one of the two knows"
        session = here.core._s
        session.roster = session.roster.relocate(away.id, ("elsewhere",))
    assert not run.is_recoverable()


@pytest.mark.parametrize(("players", "waits"), [(2, False), (4, True)])
def test_whoever_is_left_alone_has_to_notice_that_before_it_goes_on(
    players: int, waits: bool
) -> None:
    """Who hears none of several others may be the one that is cut off. Healing tells it nothing."""
    steps = [Step(Kind.VANISH, peer=number) for number in range(players - 1)]
    run = play(Scenario(players, (*steps, Step(Kind.NUDGE, 1_100_000)), length_us=5_000_000))
    assert len(run.world.members) == 1
    assert (run.apart is Apart.BEREFT) is waits
    assert run.converged_us is not None and (run.converged_us > 500_000) is waits
