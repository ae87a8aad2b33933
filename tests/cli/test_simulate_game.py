"""`p2pnet simulate MODULE:GAME`: what it prints, writes, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from .conftest import Command

TIME_S = 240

GAMES = """
import p2pnet
from p2pnet import Player, command, networked, sync_var

@networked
class Miner(Player):
    gold: int = sync_var(0)

    @command
    def dig(self, amount: int) -> int:
        self.gold += abs(amount)
        return self.gold

@networked
class Hoarder(Player):
    gold: int = 0

    @command
    def dig(self, amount: int) -> int:
        self.gold += 1
        return self.gold

miners = p2pnet.Game("miners", player=Miner)
hoarders = p2pnet.Game("hoarders", player=Hoarder)

def is_not_in_debt(world):
    assert all(miner.gold >= 0 for miner in world.players)

def nobody_digs(world):
    return all(miner.gold == 0 for miner in world.players)

number = 3
"""


@pytest.fixture
def simulate(command: Command, tmp_path: Path) -> Command:
    """`p2pnet simulate` in a folder with these games."""
    (tmp_path / "games.py").write_text(GAMES, "utf-8")
    return partial(command, "simulate")


def test_a_game_that_is_right_passes_with_its_invariants_whatever_the_workers(
    tmp_path: Path,
) -> None:
    (tmp_path / "games.py").write_text(GAMES, "utf-8")
    command = [sys.executable, "-m", "p2pnet", "simulate", "games:miners"]
    command += ["--scenarios", "30", "--seed", "5", "--peers", "2-3", "--json"]
    command += ["--invariants", "games:is_not_in_debt", "--workers"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # In processes of their own, at the same time: what Hypothesis draws depends on what is loaded.
    with (
        subprocess.Popen([*command, "1"], cwd=tmp_path, **pipes) as alone,
        subprocess.Popen([*command, "2"], cwd=tmp_path, **pipes) as shared,
    ):
        digests = set()
        for process in (alone, shared):
            out, err = process.communicate(timeout=TIME_S)
            assert process.returncode == 0, err
            line = json.loads(out)
            assert (line["lane"], line["game"], line["scenarios"]) == ("game", "games:miners", 30)
            assert line["violations"] == 0 and line["violation"] is None and line["mistakes"] == []
            assert line["commands"] > 0 and line["hosts_lost"] > 0
            digests.add(line["digest"])
    assert len(digests) == 1


def test_a_mistake_is_told_as_code_and_kept_in_a_file_that_replays(simulate: Command) -> None:
    result = simulate("games:hoarders", "--scenarios", "100", "--workers", "1")
    assert result.returncode == 1
    text = result.stdout
    assert "Hoarder.gold: state outside of the synced fields is lost with the host" in text
    assert "from games import hoarders" in text and "@simulated(hoarders, peers=2)" in text
    assert "lost_state of Hoarder.gold" in text
    path = Path("games-hoarders-0.json")
    assert path.exists() and f"p2pnet simulate --replay {path.name}" in text
    again = simulate("--replay", path.name, "--json")
    assert again.returncode == 1
    line = json.loads(again.stdout)
    assert line["violation"] == "MistakesFound" and line["text"].startswith("Hoarder.gold: ")
    assert 'world.submit("' in again.stderr
    meant = simulate("--replay", path.name, "--local", "Hoarder.gold")
    assert meant.returncode == 0 and meant.stdout.endswith("no failure\n")


def test_an_invariant_that_does_not_hold_is_named(simulate: Command) -> None:
    options = ["--scenarios", "50", "--workers", "1", "--invariants", "games:nobody_digs"]
    result = simulate("games:miners", *options)
    assert result.returncode == 1
    assert "nobody_digs does not hold" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["games"], "'games' is not of the form MODULE:GAME"),
        (["games:number"], "games:number is of type int; it has to be a p2pnet.Game"),
        (["games:miners", "--invariants", "games:number"], "an invariant is a function"),
        (["games:miners", "--invariants", "games:none"], "no 'none' in the module games"),
        (["games:miners", "--scenarios", "0"], "--scenarios is 0: give 1 or more"),
        (["games:miners", "--workers", "-1"], "--workers is -1"),
        (["games:miners", "--lane", "trio"], "are for sessions without a game"),
        (["--invariants", "games:nobody_digs"], "give MODULE:GAME too"),
        (["--replay", "games.py"], "games.py"),
    ],
)
def test_what_can_t_be_run_is_told_in_one_line(
    simulate: Command, arguments: list[str], text: str
) -> None:
    result = simulate(*arguments)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("p2pnet: ") and text in line


def test_a_story_that_fails_gets_a_picture_and_so_does_one_that_does_not(simulate: Command) -> None:
    failed = simulate(
        "games:miners",
        "--workers",
        "1",
        "--scenarios",
        "30",
        "--invariants",
        "games:nobody_digs",
    )
    assert failed.returncode == 1
    assert "its picture in games-miners-0.html" in " ".join(failed.stdout.split())
    assert "nobody_digs does not hold" in (Path("games-miners-0.html")).read_text("utf-8")
    arguments = ("--replay", "games-miners-0.json", "--report", "again.svg")
    simulate(*arguments)
    assert "A story of games:miners" in (Path("again.svg")).read_text("utf-8")
    good = simulate("games:miners", "--workers", "1", "--scenarios", "4", "--report", "good.html")
    assert good.returncode == 0, good.stderr
    assert "No failure" in (Path("good.html")).read_text("utf-8")
