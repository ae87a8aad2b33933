"""`p2pnet simulate --report`: what is written where, and what is said when it can't be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from p2pnet.cli import simulate
from p2pnet.cli.complaints import CRASHED, OK, Complaint
from p2pnet.cli.simulate import Request, run_file, run_simulations
from p2pnet.cli.simulate_report import check_report
from p2pnet.testing.campaign import Report, Tallied, Violation
from p2pnet.testing.scenario import Kind, Scenario, Step
from p2pnet.testing.scenario_json import write

CRASH = Scenario(3, (Step(Kind.CRASH, 100_000), Step(Kind.NUDGE, 500_000)))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def request(report: Path | None = None) -> Request:
    return Request(
        scenarios=2, seed=9, peers="2", policy="continue", workers=1, as_json=False, report=report
    )


def broken(*arguments: object) -> Report:
    violation = Violation(4, CRASH, "S05", "S05 promise-once: somebody did")
    return Report(Tallied(scenarios=4, violation=violation), 1.0)


@pytest.mark.parametrize("suffix", [".html", ".svg"])
def test_a_scenario_gets_its_picture(
    here: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(CRASH, here, "the_host_crashes")
    picture = here / f"out{suffix}"
    assert run_file(path, False, False, picture) == OK
    assert "peer0 crashes: peer1 hosts after" in picture.read_text("utf-8")
    assert "The host crashes" in picture.read_text("utf-8")
    assert f"the picture is in {picture}" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", [".html", ".svg"])
def test_a_campaign_gets_its_charts(here: Path, suffix: str) -> None:
    assert run_simulations(request(here / f"out{suffix}")) == OK
    text = (here / f"out{suffix}").read_text("utf-8")
    assert "no violation in 2 scenarios" in text and "seed 9, 2 peers" in text


def test_a_failing_campaign_draws_what_failed_and_says_where(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simulate, "run_campaign", broken)
    assert run_simulations(request(here / "all.html")) == CRASHED
    (picture,) = (path for path in here.glob("*.html") if path.name != "all.html")
    assert picture.with_suffix(".json").exists()
    said = " ".join(capsys.readouterr().out.split())
    assert f"its picture in {picture.name}" in said and "The report is in" in said
    for file in (picture, here / "all.html"):
        assert "peer0 crashes: peer1 hosts after" in file.read_text("utf-8")


def test_what_failed_is_made_smaller_first(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simulate, "run_campaign", broken)
    monkeypatch.setattr(simulate, "breaks", lambda scenario: "S05")
    monkeypatch.setattr(
        simulate, "shrink", lambda scenario, *rest: Scenario(2, (Step(Kind.CRASH, 100_000),))
    )
    run_simulations(request())
    assert "2 steps are 1 now" in capsys.readouterr().out
    (picture,) = here.glob("*.html")
    assert "2 players" in picture.read_text("utf-8")


@pytest.mark.parametrize("name", ["out.png", "out", "nowhere/out.html"])
def test_a_file_that_can_not_be_is_told_before_any_work(name: str) -> None:
    with pytest.raises(Complaint, match="--report is"):
        check_report(Path(name), of_campaign=False)


def test_a_missing_library_is_told_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    check_report(Path("out.html"), of_campaign=False)  # a run needs no charts
    with pytest.raises(Complaint, match=r"p2pnet\[report\]"):
        check_report(Path("out.html"), of_campaign=True)
