from __future__ import annotations

import io

from rich.console import Console

from p2pnet.cli.simulate_table import table
from p2pnet.testing.campaign import Report, Slowest, Tallied, run_campaign
from p2pnet.testing.drawing import Shape


def printed(report: Report) -> str:
    console = Console(width=200, file=io.StringIO())
    with console.capture() as captured:
        console.print(table(report))
    return captured.get()


def test_each_thing_that_was_counted_has_a_row() -> None:
    report = run_campaign(3, 1, Shape(length_us=0))
    text = printed(report)
    for row in ("scenarios", "violations", "faults", "reigns", "goals reached", "goals missed"):
        assert f" {row} " in text
    for row in ("convergence after healing", "back after close", "back after silence"):
        assert row in text
    assert "the longest" not in text, "none of them was apart"
    assert report.tallied.digest.hex() in text and "not measured" in text


def test_the_one_that_took_longest_is_named() -> None:
    report = Report(Tallied(slowest=Slowest(4711, 900_000)), 1.0)
    assert "scenario 4711" in printed(report)
