"""`p2pnet simulate` from outside: what it prints and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KEYS = [
    *("event", "lane", "scenarios", "violations", "goals_missed", "scenarios_per_s"),
    *("convergence_ms", "recovery_ms", "digest"),
]
CORPUS = Path(__file__).parents[2] / "simulations" / "corpus"


def simulate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "p2pnet", "simulate", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def campaign(*arguments: str) -> dict[str, Any]:
    result = simulate("--json", *arguments)
    assert result.returncode == 0, result.stderr
    last: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return last


def test_a_campaign_ends_with_one_object_that_says_it_all() -> None:
    last = campaign("--scenarios", "6", "--seed", "3", "--workers", "1")
    assert (last["event"], last["lane"], last["scenarios"], last["violations"]) == (
        "campaign",
        "core",
        6,
        0,
    )
    assert list(last) == KEYS
    assert set(last["convergence_ms"]) == {"p50", "p99", "worst"}
    assert set(last["recovery_ms"]) == {"close", "silence", "handover"}
    assert last["scenarios_per_s"] > 0


def test_real_peers_play_the_same_campaign() -> None:
    last = campaign("--lane", "trio", "--scenarios", "4", "--seed", "3", "--workers", "1")
    assert (last["lane"], last["scenarios"], last["violations"]) == ("trio", 4, 0)


def test_the_number_of_workers_changes_nothing_but_the_time() -> None:
    digests = {
        campaign("--scenarios", "6", "--seed", "4", "--workers", workers)["digest"]
        for workers in ("1", "2")
    }
    assert len(digests) == 1


def test_a_scenario_of_the_corpus_is_replayed() -> None:
    result = simulate("--replay", str(min(CORPUS.glob("*.json"))))
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    assert result.stdout


@pytest.mark.parametrize(
    "arguments",
    [("--scenarios", "0"), ("--peers", "many"), ("--lane", "fast"), ("--replay", "nothing.json")],
)
def test_bad_arguments_are_one_line_and_status_two(arguments: tuple[str, ...]) -> None:
    result = simulate(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr and result.stderr.strip()
