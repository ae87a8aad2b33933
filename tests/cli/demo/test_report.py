from __future__ import annotations

import io

from rich.console import Console

from p2pnet.cli.demo.evidence import Evidence
from p2pnet.cli.demo.report import report
from p2pnet.cli.demo.verdict import judge

from .fabricated import B, C, good_evidence


def shown(evidence: Evidence) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(report(evidence, judge(evidence)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_report_shows_each_phase_and_each_check() -> None:
    text = shown(good_evidence())
    for phase, ms in (("detected", 3), ("claimed", 10), ("crowned", 20), ("playing", 40)):
        assert any(phase in line and f"{ms}.0 ms" in line for line in text.splitlines())
    assert "MachineA killed with 1 commands in flight, MachineB hosts epoch 2" in text
    assert "the game survived" in text
    assert "5 acknowledged, 5 found" in text
    assert "✗" not in text


def test_a_bar_is_as_long_as_its_phase() -> None:
    lines = shown(good_evidence()).splitlines()
    bars = [line.count("━") for line in lines if "ms" in line and "━" in line]
    assert bars == [3, 10, 20, 25, 40]


def test_a_failed_check_is_named_with_what_it_misses() -> None:
    evidence = good_evidence()
    del evidence.final[C]["objects"]["3"]["fields"]["journal"]["MachineB#1:1"]
    text = shown(evidence)
    assert "the game did NOT survive" in text
    assert "✗" in text
    assert "MachineB#1:1 was acknowledged and is not in the state of MachineC#1" in text


def test_many_faults_are_cut_short() -> None:
    evidence = good_evidence()
    for number in range(10):
        evidence.final[B]["objects"]["6"]["fields"]["journal"][f"x{number}"] = 1
    assert "and 7 more" in shown(evidence)


def test_without_any_evidence_there_is_a_report_all_the_same() -> None:
    assert "did NOT survive" in shown(Evidence())
