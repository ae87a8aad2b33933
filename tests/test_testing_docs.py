"""The guide for those who test their games: its code runs as it stands, and nothing is left out."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from p2pnet.testing import GameWorld, HostDropMachine, MistakeKind
from p2pnet.testing.games.mistakes import Mistake
from p2pnet.testing.games.moves import Drop, Incident

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
FILES = dict(
    re.findall(
        r"^<!-- file: (\S+) -->\n```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE
    )
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files of the page, as they stand there."""
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, "utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    plugin = ("-p", "p2pnet.testing.games.plugin")
    return run(folder, "pytest", *plugin, "-W", "error", "--p2pnet-seed=1", *arguments)


def test_all_tests_of_the_page_pass(folder: Path) -> None:
    result = pytest_in(folder, "--p2pnet-stories=5", "--p2pnet-summary")
    assert result.returncode == 0, result.stdout
    assert "8 passed" in result.stdout
    assert "test_tanks.TestTanks: 5 stories" in result.stdout


def test_the_mistake_of_the_page_is_told_as_the_page_says(folder: Path) -> None:
    code = (
        "from hoarders import game\nfrom p2pnet.testing import HostDropMachine\n"
        "class TestHoarders(HostDropMachine): game = game\n"
    )
    (folder / "test_hoarders.py").write_text(code, "utf-8")
    result = pytest_in(folder, "test_hoarders.py")
    assert result.returncode == 1
    text = " ".join(re.sub(r"^E? +", "", line) for line in result.stdout.splitlines())
    told = " ".join(PAGE[PAGE.index("MistakesFound: Hoarder") :].split())
    for words in (
        "Hoarder.gold: state outside of the synced fields is lost with the host",
        "The command Hoarder.dig set it. On ",
        'If the loss is meant, since it can be worked out anew, say so: local=["Hoarder.gold"].',
        "from p2pnet.testing import simulated from hoarders import game",
        "async def test_story(world): world.submit(",
    ):
        assert words in " ".join(text.split()) and words in told


def test_the_command_line_of_the_page_works(folder: Path) -> None:
    result = run(
        folder, "p2pnet", "simulate", "tanks:game", "--scenarios", "10", "--seed", "1",
        "--peers", "2-5", "--workers", "1",
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_verb_of_a_world_is_on_the_page() -> None:
    inside = {"begin", "finish", "on_settle", "until_it_can_go", "invariants"}
    names = {name for name, _ in inspect.getmembers(GameWorld) if not name.startswith("_")}
    assert {name for name in names - inside if f"world.{name}" not in PAGE} == set()


def test_every_knob_of_a_machine_is_on_the_page() -> None:
    knobs = HostDropMachine.__annotations__
    assert {name for name in knobs if f"| `{name}` |" not in PAGE} == set()
    for word in (*Drop, *Incident):
        assert f"`{word.value}`" in PAGE


def test_every_mistake_is_on_the_page() -> None:
    for kind in MistakeKind:
        first = Mistake(kind, "A.b", "").text.splitlines()[0]
        assert f"| {first.removeprefix('A.b: ')} |" in PAGE
