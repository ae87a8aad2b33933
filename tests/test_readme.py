"""The code in the README works as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trio

import p2pnet
from p2pnet.links.memory import MemoryNetwork

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
TIME_S = 120


class Player:
    """A process of the game in the README, played by nobody."""

    def __init__(self, process: trio.Process, news: trio.lowlevel.ParkingLot) -> None:
        self.process = process
        self.lines: list[str] = []
        self.news = news

    async def read(self) -> None:
        assert self.process.stdout is not None
        rest = b""
        async for chunk in self.process.stdout:
            *lines, rest = (rest + chunk).split(b"\n")
            self.lines += [line.decode() for line in lines]
            self.news.unpark_all()

    async def until_it_dug(self, times: int) -> None:
        """Wait until it had so many results."""
        while len(self.dug) < times:
            await self.news.park()

    @property
    def is_host(self) -> bool:
        """Whether it had its last result as the host."""
        return self.digs[-1].startswith("I am the host")

    @property
    def digs(self) -> list[str]:
        return [line for line in self.lines if line.startswith("I am the ")]

    @property
    def dug(self) -> list[int]:
        """What its commands returned."""
        return [int(line.rpartition(" ")[2]) for line in self.digs]


@pytest.mark.parametrize("clients", [1, 2])
async def test_the_game_outlives_its_host(tmp_path: Path, clients: int) -> None:
    (tmp_path / "miners.py").write_text(BLOCKS[0], "utf-8")
    with trio.fail_after(TIME_S):
        async with trio.open_nursery() as nursery:
            news = trio.lowlevel.ParkingLot()

            async def start(*arguments: str) -> Player:
                command = [sys.executable, "miners.py", *arguments]
                run = trio.lowlevel.open_process
                player = Player(await run(command, cwd=tmp_path, stdout=subprocess.PIPE), news)
                nursery.start_soon(player.read)
                return player

            ana = await start("ana")
            others: list[Player] = []
            try:
                await ana.until_it_dug(1)
                assert ana.is_host
                for name in ("bea", "cid")[:clients]:
                    others.append(await start(name, ana.lines[0]))
                    await others[-1].until_it_dug(3)
                ana.process.kill()
                for other in others:
                    await other.until_it_dug(len(other.dug) + 3)
                while not any(other.is_host for other in others):
                    await news.park()  # whose turn it is, is tested where time is virtual
                for other in others:
                    # Each command was done once, and what was done before the loss is still there.
                    assert other.dug == list(range(1, len(other.dug) + 1))
            finally:
                for player in (ana, *others):
                    player.process.kill()  # before anything is awaited, as that may be cancelled
                with trio.CancelScope(shield=True):
                    for player in (ana, *others):
                        await player.process.wait()
                nursery.cancel_scope.cancel()


def test_the_game_has_about_thirty_lines() -> None:
    code = [line for line in BLOCKS[0].splitlines() if line.strip()]
    assert len(code) <= 32


@pytest.fixture
def heroes(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The second game of the README, as a module."""
    module = ModuleType("heroes")
    monkeypatch.setitem(sys.modules, "heroes", module)
    exec(compile(BLOCKS[1], "README.md", "exec"), module.__dict__)
    return module


async def test_more_of_a_game(heroes: Any, capsys: pytest.CaptureFixture[str]) -> None:
    network = MemoryNetwork()
    with trio.fail_after(TIME_S):
        async with trio.open_nursery() as nursery:
            opening = {"transport": network, "migration": heroes.Migration()}
            async with p2pnet.open_peer(heroes.game, name="bea", **opening) as bea:
                async with p2pnet.open_peer(heroes.game, name="ana", transport=network) as ana:
                    await bea.join(await ana.host("ana", 1), address="bea", port=1)
                    nursery.start_soon(heroes.play, bea)
                    while "bea runs" not in capsys.readouterr().out:
                        await trio.lowlevel.checkpoint()
                    with pytest.raises(p2pnet.CommandFailed, match="nobody is that fast"):
                        await bea.player.run(99.0)  # type: ignore[union-attr]
                await bea.settled()
                assert bea.role is p2pnet.Role.HOST
                assert bea.player.speed == 1.5  # type: ignore[union-attr]
                await bea.player.run(2.0)  # type: ignore[union-attr]
            nursery.cancel_scope.cancel()
    assert "this peer is the host now" in capsys.readouterr().out


def test_the_picture_is_there() -> None:
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / path).exists()


def test_the_test_commands_are_those_of_the_continuous_integration() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "make test" in script
    assert README.splitlines()[3].startswith("make demo")
    assert README.splitlines()[4].startswith("make test")
