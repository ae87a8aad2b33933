from __future__ import annotations

import pytest

from p2pnet.core.promises import Promises
from p2pnet.testing.replaying import replay
from p2pnet.testing.scenario import Kind, Scenario, Step

CRASH = Scenario(3, (Step(Kind.SUBMIT, 100_000, 1), Step(Kind.CRASH, 500_000)), seed=4)


def test_a_replay_is_the_same_each_time_and_written_down() -> None:
    one, other = replay(CRASH), replay(CRASH)
    assert one.broken is None and one.reigns == 2
    assert (one.lines, one.digest) == (other.lines, other.digest)
    assert any("* crashes" in line for line in one.lines)


def test_what_is_broken_is_told_and_the_lines_end_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Promises, "justifies", lambda *_: False)
    found = replay(CRASH)
    assert found.broken is not None and found.broken.name in str(found.broken)
    assert found.lines
