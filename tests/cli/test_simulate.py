"""`p2pnet simulate`: what it prints and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from p2pnet.testing import cluster

from .conftest import Command

KEYS = [
    *("event", "lane", "scenarios", "violations", "goals_missed", "scenarios_per_s"),
    *("convergence_ms", "recovery_ms", "digest", "worst_scenario"),
]
CORPUS = Path(__file__).parents[2] / "simulations" / "corpus"


Campaign = Callable[..., dict[str, Any]]


@pytest.fixture
def campaign(command: Command) -> Campaign:
    """The last line of a campaign that passes."""

    def run(*arguments: str) -> dict[str, Any]:
        return last_line(command("simulate", "--json", *arguments))

    return run


def last_line(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert result.returncode == 0, result.stderr
    last: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return last


def test_a_campaign_ends_with_one_object_that_says_it_all() -> None:
    program = [sys.executable, "-m", "p2pnet", "simulate", "--json"]
    arguments = ["--scenarios", "6", "--seed", "3", "--workers", "1"]
    last = last_line(
        subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)
    )
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


def test_real_peers_play_the_same_campaign(campaign: Campaign) -> None:
    last = campaign("--lane", "trio", "--scenarios", "4", "--seed", "3", "--workers", "1")
    assert (last["lane"], last["scenarios"], last["violations"]) == ("trio", 4, 0)


def test_the_number_of_workers_changes_nothing_but_the_time(campaign: Campaign) -> None:
    digests = {
        campaign("--scenarios", "6", "--seed", "4", "--workers", workers)["digest"]
        for workers in ("1", "2")
    }
    assert len(digests) == 1


def test_a_scheduler_that_is_not_there_is_told_in_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_WAIT_S", 0.2)
    result = command("simulate", "--cluster", "tcp://127.0.0.1:1")
    assert result.returncode == 2
    assert result.stderr.startswith("p2pnet: no Dask scheduler answers at tcp://127.0.0.1:1")
    assert len(result.stderr.splitlines()) == 1


def test_without_assertions_the_same_is_played(campaign: Campaign) -> None:
    arguments = ["simulate", "--json", "--scenarios", "2", "--seed", "4", "--workers", "1"]
    program = [sys.executable, "-O", "-m", "p2pnet"]
    without = subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)
    assert last_line(without)["digest"] == campaign(*arguments[2:])["digest"]


@pytest.mark.parametrize("options", [(), ("--peers", "2-3", "--policy", "pause_minority")])
def test_what_took_longest_is_shown_by_the_command_that_is_printed(
    command: Command, options: tuple[str, ...]
) -> None:
    result = command("simulate", "--scenarios", "96", "--seed", "2", "--workers", "1", *options)
    told, again = result.stdout.splitlines()[-1].split(": ")
    assert (result.returncode, told) == (0, "To see what took longest")
    program, *arguments = again.split()
    assert program == "p2pnet" and arguments[5:] == list(options)
    last = last_line(command(*arguments, "--json"))
    assert f"worst {last['convergence_ms']:.0f} ms" in result.stdout
    assert f"scenario {arguments[4]}" in result.stdout


def test_one_scenario_of_a_campaign_is_played_by_its_lane_and_drawn(command: Command) -> None:
    arguments = ("--seed", "3", "--number", "3", "--lane", "trio", "--report", "out.svg")
    result = command("simulate", *arguments)
    assert result.returncode == 0 and "the picture is in out.svg" in result.stdout
    assert "Scenario 3" in Path("out.svg").read_text("utf-8")
    assert last_line(command("simulate", *arguments, "--json"))["lane"] == "wire"


def test_a_scenario_of_the_corpus_is_replayed(command: Command) -> None:
    result = command("simulate", "--replay", str(min(CORPUS.glob("*.json"))))
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    assert result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scenarios", "0"),
        ("--peers", "many"),
        ("--lane", "fast"),
        ("--replay", "nothing.json"),
        ("--number", "-1"),
        ("--number", "1", "--lane", "fast"),
        ("--number", "1", "--lane", "real"),
        ("--number", "1", "--replay", "nothing.json"),
        ("--number", "1", "--report", "picture.txt"),
        ("games:miners", "--number", "1"),
    ],
)
def test_bad_arguments_are_one_line_and_status_two(
    command: Command, arguments: tuple[str, ...]
) -> None:
    result = command("simulate", *arguments)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("p2pnet: ")
