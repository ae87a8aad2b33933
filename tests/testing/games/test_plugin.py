"""The plugin in runs of pytest of their own, as in somebody else's project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent

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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "miners.py").write_text(GAME, "utf-8")
    (tmp_path / "test_miners.py").write_text(TESTS, "utf-8")
    return tmp_path


def run(project: Path, *options: str, stories: int = 2) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-p", "p2pnet.testing.games.plugin", *options]
    done = subprocess.run(
        [*command, f"--p2pnet-stories={stories}", "--strict-markers", "-W", "error"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("mode", ["trio_mode=false", "trio_mode=true"])
def test_everything_is_collected_and_passes(project: Path, mode: str) -> None:
    status, text = run(project, "-o", mode, "--p2pnet-summary", "--p2pnet-seed=1")
    assert status == 0, text
    assert "5 passed" in text
    assert "test_miners.TestMiners: 2 stories" in text
    assert "test_miners.test_function: 2 stories" in text


def test_wrong_use_is_told(project: Path) -> None:
    (project / "test_wrong.py").write_text("def test_it(p2p_world): ...", "utf-8")
    status, text = run(project, "test_wrong.py")
    assert status == 1
    assert "test_it uses p2p_world: say of which game, @pytest.mark.p2p(my_game)" in text


def test_no_stories_are_refused(project: Path) -> None:
    status, text = run(project, stories=0)
    assert status == 4
    assert "--p2pnet-stories is 0: give 1 or more" in text
