from __future__ import annotations

import pytest

from p2pnet.core.promises import Promises
from p2pnet.testing.apart import Apart
from p2pnet.testing.campaign import Slowest, Tallied, percentile, run_campaign
from p2pnet.testing.drawing import Shape, draw
from p2pnet.testing.goals import Goal
from p2pnet.testing.playing import play
from p2pnet.testing.scenario import Kind

SMALL = Shape(players=(2, 4), length_us=0)


def test_a_campaign_counts_what_came_of_its_scenarios() -> None:
    so_far: list[int] = []
    report = run_campaign(40, 1, SMALL, on_progress=lambda t: so_far.append(t.scenarios))
    tallied = report.tallied
    assert (tallied.scenarios, tallied.violation, so_far) == (40, None, [32, 40])
    assert tallied.faults[Kind.SUBMIT] > 0 and tallied.reigns >= 40
    assert set(report.goals_missed) == {goal for goal in Goal if not tallied.goals[goal]}
    assert report.scenarios_per_s > 0


def test_the_digest_is_that_of_the_scenarios() -> None:
    digests = [run_campaign(4, seed, SMALL).tallied.digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def test_the_first_violation_ends_a_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Promises, "justifies", lambda *_: False)  # no number is right
    tallied = run_campaign(100, 0, SMALL).tallied
    assert tallied.violation is not None
    assert tallied.violation.invariant in tallied.violation.text
    assert tallied.scenarios == tallied.violation.number


def test_results_add_up() -> None:
    one, other = Tallied(scenarios=2, reigns=3, digest=b"a"), Tallied(scenarios=1, digest=b"b")
    one.add(other)
    assert (one.scenarios, one.reigns) == (3, 3) and one.digest not in (b"a", b"b")


def test_the_one_that_took_longest_is_named() -> None:
    tallied = run_campaign(64, 1, SMALL).tallied
    assert tallied.slowest is not None
    run = play(draw(1, tallied.slowest.number, SMALL))
    assert run.converged_us == tallied.slowest.converged_us
    assert run.apart is Apart.NEAR
    assert run.converged_us == max(tallied.converged_us[Apart.NEAR])


def test_of_those_that_took_as_long_the_first_is_named() -> None:
    total = Tallied()
    for slowest in (Slowest(1, 5), None, Slowest(3, 9), Slowest(5, 9), Slowest(7, 8)):
        total.add(Tallied(slowest=slowest))
    assert total.slowest == Slowest(3, 9)


def test_percentiles() -> None:
    assert percentile([], 50) == 0
    assert [percentile([40, 10, 30, 20], p) for p in (1, 50, 75, 99, 100)] == [10, 20, 30, 40, 40]
