from __future__ import annotations

import json
from pathlib import Path

import pytest

from p2pnet.core.settings import AckLevel, Settings
from p2pnet.testing.scenario import (
    Kind,
    Phase,
    Scenario,
    ScenarioError,
    Step,
    Victim,
    Way,
    Workload,
)
from p2pnet.testing.scenario_json import from_json, read, to_json, write

FULL = Scenario(
    players=3,
    steps=(
        Step(Kind.SUBMIT, 5, 1, ack=AckLevel.ALL),
        Step(Kind.TEAR, 7, Victim.SUCCESSOR, Victim.LAST, when=Phase.PULLING, for_us=9),
        Step(Kind.LAG, peer=2, amount=1_000),
    ),
    seed=4,
    delay_us=(1, 2),
    ways=(Way(0, 1, (3, 4)),),
    workload=Workload(150_000, (AckLevel.ALL,)),
    settings=Settings(tail_updates_max=4),
    length_us=6,
)


def test_a_scenario_with_everything_comes_back_equal_from_its_file(tmp_path: Path) -> None:
    path = write(FULL, tmp_path / "new" / "folder", "full")
    assert path == tmp_path / "new" / "folder" / "full.json"
    assert read(path) == FULL


def test_what_is_as_usual_is_not_written() -> None:
    plain = json.loads(to_json(Scenario(2, (Step(Kind.CRASH),))))
    assert plain == {"players": 2, "steps": [{"kind": "crash"}]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ('{"players": 2, "steps": [], "colour": 1}', "'colour' in the scenario"),
        ('{"players": 2, "steps": [{"kind": "heal"}, {"knd": 1}]}', r"'knd' in steps\[1\]"),
        ('{"players": 2, "steps": [], "workload": {"pace": 1}}', "'pace' in workload"),
        ('{"players": 2, "steps": [{"kind": "explode"}]}', "explode"),
        ('{"players": 0, "steps": []}', "players is 0"),
        ('{"players": 2, "steps": [{"kind": "slow", "amount": 1}]}', r"steps\[0\] \(slow\) is 1"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        from_json(text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"gone\.json can't be read"):
        read(tmp_path / "gone.json")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('{"players": 2, "steps": [{"kind": "explode"}]}', "vanish"),
        ('{"players": 2, "steps": [{"kind": "cut", "peer": "hots"}]}', "successor"),
        ('{"players": 2, "steps": [{"kind": "cut", "when": "now"}]}', "crowned"),
        ('{"players": 2, "steps": [], "workload": {"acks": ["two"]}}', "one"),
    ],
)
def test_a_word_that_is_none_is_answered_with_those_that_are(text: str, word: str) -> None:
    with pytest.raises(ScenarioError, match=rf"give one of .*{word}"):
        from_json(text)
