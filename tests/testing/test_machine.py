from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from p2pnet.core.promises import Promises
from p2pnet.testing.catalogue import InvariantBroken
from p2pnet.testing.machine import ScenarioMachine
from p2pnet.testing.replaying import replay
from p2pnet.testing.scenario import Kind, Lane
from p2pnet.testing.scenario_json import read

FEW = settings(
    max_examples=12,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_no_session_breaks_an_invariant(tmp_path: Path) -> None:
    class Machine(ScenarioMachine):
        folder = tmp_path

    run_state_machine_as_test(Machine, settings=FEW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lane", [Lane.TRIO, Lane.WIRE])
def test_no_session_of_real_peers_does(tmp_path: Path, lane: Lane) -> None:
    class Machine(ScenarioMachine):
        folder = tmp_path

    Machine.lane = lane
    run_state_machine_as_test(Machine, settings=settings(FEW, max_examples=4))
    assert list(tmp_path.iterdir()) == []


def test_real_peers_stand_still_between_two_rules() -> None:
    class Machine(ScenarioMachine):
        lane = Lane.TRIO

    machine = Machine()
    machine.open_session(3, 1, (20_000, 30_000))
    machine.die(0, Kind.CRASH, 0, None)
    machine.sleep(10_000, 1, 0)
    assert machine.run is not None
    world = machine.run.world
    before = world.now, [peer.core.state for peer in world.peers]
    gc.collect()
    assert (world.now, [peer.core.state for peer in world.peers]) == before
    machine.come_and_go(1_000_000, Kind.JOIN, 1)
    assert world.now == before[0] + 1_000_000
    machine.teardown()


def test_what_fails_is_written_as_a_scenario_that_fails_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Machine(ScenarioMachine):
        folder = tmp_path

    monkeypatch.setattr(Promises, "justifies", lambda *_: False)  # no number is right
    machine = Machine()
    machine.open_session(3, 1, (20_000, 30_000))
    machine.die(0, Kind.CRASH, 0, None)
    with pytest.raises(InvariantBroken) as caught:
        machine.teardown()
    (file,) = tmp_path.iterdir()
    assert str(file) in caught.value.__notes__[0]
    assert [step.kind for step in read(file).steps] == [Kind.CRASH]
    found = replay(read(file))
    assert found.broken is not None and found.broken.name == caught.value.name
