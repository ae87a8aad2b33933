from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from p2pnet.cli.demo.audiences import JsonAudience, LiveAudience, PlainAudience, in_words
from p2pnet.cli.demo.evidence import Evidence
from p2pnet.cli.demo.verdict import judge

from .fabricated import A2, A, B, C, good_evidence, told

NAMES = {"id-MachineA": "MachineA"}
LOST = {"t_ms": 103.0, "peer": "MachineB", "event": "host_lost", "who": "", "cause": "closed"} | {
    "host": "id-MachineA"
}


def console() -> Console:
    return Console(file=io.StringIO(), width=120)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_json_is_one_object_a_line_with_the_verdict_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evidence = good_evidence()
    audience = JsonAudience(evidence, NAMES)
    audience.step("something happens")
    audience.news(B, LOST)
    audience.over(judge(evidence), None)
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["event"] for r in records] == ["step", "host_lost", "verdict"]
    assert records[1] == LOST


def test_lines_are_in_words() -> None:
    screen = console()
    audience = PlainAudience(good_evidence(), NAMES, screen)
    audience.step("MachineA is killed")
    audience.news(A, {"t_ms": 100.0, "peer": "MachineA", "event": "killed"})
    audience.news(B, LOST)
    audience.news(B, {"t_ms": 104.0, "peer": "MachineB", "event": "state_changed"})
    assert text_of(screen).splitlines() == [
        "— MachineA is killed",
        "    100.0 ms  MachineA is killed (SIGKILL)",
        "    103.0 ms  MachineB lost host MachineA: its connection broke",
    ]


def test_trouble_is_told_after_the_report() -> None:
    screen = console()
    PlainAudience(Evidence(), {}, screen).over(judge(Evidence()), "gave up on something")
    assert text_of(screen).rstrip().endswith("gave up on something")


def test_ready_in_words() -> None:
    record = {"event": "ready", "role": "client", "connection_id": 3, "old_connection_id": 0}
    assert in_words(record, {}) == "plays as client, connection 3, was 0"
    assert in_words({**record, "old_connection_id": -1}, {}) == "plays as client, connection 3"


def test_the_picture_shows_who_hosts_who_is_frozen_and_who_is_dead() -> None:
    evidence, screen = good_evidence(), console()
    audience = LiveAudience(evidence, NAMES, screen)
    status = {"state": "reigning", "epoch": 2, "position": "2:x/9", "old_connection_id": 1}
    told(evidence, B, 130.0, "status", role="host", connection_id=0, **status)
    audience.step("MachineA comes back")
    for run in (A, B, C):
        audience.news(run, {"t_ms": 1.0, "peer": run.peer, "event": "ready", **ready()})
    audience.news(C, {"t_ms": 2.0, "peer": "MachineC", "event": "frozen"})
    screen.print(audience.picture())
    lines = text_of(screen).splitlines()
    assert "MachineA comes back" in lines[0]
    assert "dead" in row(lines, "MachineA")
    assert "HOST" in row(lines, "MachineB")
    assert "0 (was 1)" in row(lines, "MachineB")
    assert "frozen" in row(lines, "MachineC")


def test_the_picture_shows_the_latest_process_of_a_peer() -> None:
    evidence, screen = good_evidence(), console()
    audience = LiveAudience(evidence, NAMES, screen)
    for run in (A, A2):
        audience.news(run, {"t_ms": 1.0, "peer": run.peer, "event": "ready", **ready()})
    screen.print(audience.picture())
    assert "starting" in row(text_of(screen).splitlines(), "MachineA")
    assert "2" in row(text_of(screen).splitlines(), "MachineA")  # results of both processes


def ready() -> dict[str, object]:
    return {"role": "client", "connection_id": 1, "old_connection_id": -1}


def row(lines: list[str], peer: str) -> str:
    """The row of a peer in the table."""
    return next(line for line in lines if line.startswith(f"│ {peer}"))
