from __future__ import annotations

import json
import os

import attrs
import pytest

from p2pnet.testing.scenario import Kind, Lane, Scenario, Step
from p2pnet.testing.telltale import first_difference, tell
from simulations import determinism

STORY = Scenario(3, (Step(Kind.SUBMIT, peer=1), Step(Kind.CRASH, 1_000_000)))


@pytest.mark.parametrize("lane", list(Lane))
def test_everything_has_a_line_and_each_run_has_the_same(lane: Lane) -> None:
    scenario = attrs.evolve(STORY, lane=lane)
    lines = tell(scenario)
    assert first_difference(lines, tell(scenario)) is None
    assert lines[-1] == "no violation"
    assert any("* peer0 crashes" in line for line in lines)
    assert any(" = reigning " in line for line in lines)


def test_another_seed_shows_at_its_first_line_of_difference() -> None:
    difference = first_difference(tell(STORY), tell(attrs.evolve(STORY, seed=2)))
    assert difference is not None and difference.startswith("line ")


def test_where_two_runs_differ_both_lines_are_given() -> None:
    assert first_difference(["a", "b"], ["a", "c"]) == "line 2:\n  b\n  c"
    assert first_difference(["a"], ["a", "b"]) == (
        "line 2: one run is over, the other goes on\n  b"
    )
    assert first_difference(["a"], ["a"]) is None


def test_the_gate_is_passed_by_real_peers(capsys: pytest.CaptureFixture[str]) -> None:
    """Scenario 3 has WebSocket links."""
    status = determinism.main(["--scenarios", "4", "--seed", "1", "--hash-seed", "4711"])
    said = json.loads(capsys.readouterr().out)
    assert (status, said["same"], said["lane"], said["scenarios"]) == (0, True, "trio", 4)


def test_the_gate_is_not_passed_by_what_depends_on_a_process(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        determinism.Gate, "lines", lambda gate, number: ["a", f"process {os.getpid()}"]
    )
    assert determinism.main(["--lane", "core", "--scenarios", "1"]) == 1
    out, err = capsys.readouterr()
    assert "scenario 0, played again elsewhere, differs at line 1" in err
    assert json.loads(out)["same"] is False
