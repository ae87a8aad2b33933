"""The plugin in runs of pytest of their own, as in somebody else's project."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
TIME_S = 240

GAME = """
import p2pnet
from p2pnet import Player, command, networked, sync_var

@networked
class Miner(Player):
    gold: int = sync_var(0)

    @command
    def dig(self, amount: int) -> int:
        self.gold += amount
        return self.gold

game = p2pnet.Game("miners", player=Miner)
"""
TESTS = """
import pytest
from miners import game
from p2pnet.testing import HostDropMachine, host_drops

class TestMiners(HostDropMachine):
    game = game

@host_drops(game, peers=3, drops=1)
async def test_function(world):
    await world.call("bea", "dig", 1)

@pytest.mark.p2p(game, peers=3)
async def test_fixture(p2p_world, tmp_path):
    assert await p2p_world.call("bea", "dig", 2) == 2
    assert len(p2p_world.peers) == 3 and tmp_path.exists()

@pytest.mark.p2p(game, peers=2)
class TestClass:
    async def test_method(self, p2p_world):
        p2p_world.kill_host()

    def test_plain(self, p2p_world):
        async def body(world):
            played.append(world.host.name)

        played = []
        p2p_world.run(body)
        assert played == ["ana"]
"""


WRONG = "def test_it(p2p_world): ..."

RUNS = {
    "trio_mode=false": ["-o", "trio_mode=false", "--p2pnet-summary", "--p2pnet-seed=1"],
    "trio_mode=true": ["-o", "trio_mode=true", "--p2pnet-summary", "--p2pnet-seed=1"],
    "wrong use": ["test_wrong.py"],
    "no stories": ["--p2pnet-stories=0"],
}
"""What pytest is told in each run; later options count."""

Outcome = Callable[[str], tuple[int, str]]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """The status and the text of a run. All of them are under way at the same time."""
    command = [sys.executable, "-m", "pytest", "-p", "p2pnet.testing.games.plugin"]
    command += ["-p", "no:cacheprovider", "--strict-markers", "-W", "error", "--p2pnet-stories=2"]
    processes: dict[str, subprocess.Popen[str]] = {}
    with contextlib.ExitStack() as stack:
        for number, (name, options) in enumerate(RUNS.items()):
            project = tmp_path_factory.mktemp(f"project{number}")
            (project / "miners.py").write_text(GAME, "utf-8")
            (project / "test_miners.py").write_text(TESTS, "utf-8")
            if name == "wrong use":
                (project / "test_wrong.py").write_text(WRONG, "utf-8")
            processes[name] = stack.enter_context(
                subprocess.Popen(
                    [*command, *options],
                    cwd=project,
                    env={**os.environ, "PYTHONPATH": str(ROOT)},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
            stack.callback(processes[name].kill)

        def of(name: str) -> tuple[int, str]:
            text, _ = processes[name].communicate(timeout=TIME_S)
            return processes[name].returncode, text

        yield of


@pytest.mark.parametrize("mode", ["trio_mode=false", "trio_mode=true"])
def test_everything_is_collected_and_passes(outcome: Outcome, mode: str) -> None:
    status, text = outcome(mode)
    assert status == 0, text
    assert "5 passed" in text
    assert "test_miners.TestMiners: 2 stories" in text
    assert "test_miners.test_function: 2 stories" in text


def test_wrong_use_is_told(outcome: Outcome) -> None:
    status, text = outcome("wrong use")
    assert status == 1
    assert "test_it uses p2p_world: say of which game, @pytest.mark.p2p(my_game)" in text


def test_no_stories_are_refused(outcome: Outcome) -> None:
    status, text = outcome("no stories")
    assert status == 4
    assert "--p2pnet-stories is 0: give 1 or more" in text
