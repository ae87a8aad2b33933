"""Real processes on loopback: what only shows there. The rest is tested with the fronts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio.testing

from p2pnet.cli.complaints import INTERRUPTED, OK, TERMINATED

GAME = """
from __future__ import annotations
import p2pnet

print("printed by the game while it is imported")

@p2pnet.networked
class Tank(p2pnet.Player):
    x: float = p2pnet.sync_var(0.0)

    @p2pnet.command
    def drive(self, dx: float) -> float:
        print("printed by the game")
        self.x += dx
        return self.x

    @p2pnet.command
    def break_it(self) -> None:
        self.broken = True

    def on_tick(self, dt: float) -> None:
        if getattr(self, "broken", False):
            raise ZeroDivisionError("in the code of the game")

game = p2pnet.Game("tanks", player=Tank)
"""

TIME_S = 30.0  # nothing takes so long; a test that hangs should fail


class Process:
    """A peer as a process, through its machine interface."""

    def __init__(self, process: trio.Process, nursery: trio.Nursery) -> None:
        self.process = process
        self.records: list[dict[str, Any]] = []
        self.errors = ""
        self._news = trio.lowlevel.ParkingLot()
        nursery.start_soon(self._read)
        nursery.start_soon(self._read_errors)

    async def _read(self) -> None:
        rest = b""
        assert self.process.stdout is not None
        with contextlib.suppress(trio.ClosedResourceError):  # a test closed it
            async for chunk in self.process.stdout:
                *lines, rest = (rest + chunk).split(b"\n")
                self.records += map(msgspec.json.decode, lines)
                self._news.unpark_all()

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        async for chunk in self.process.stderr:
            self.errors += chunk.decode()

    async def send(self, *lines: str) -> None:
        """Type these lines."""
        assert self.process.stdin is not None
        await self.process.stdin.send_all("".join(f"{line}\n" for line in lines).encode())

    async def until(self, event: str, found: Callable[[Any], object] = bool) -> dict[str, Any]:
        """The first record of this kind for which `found` is true."""
        while True:
            for record in self.records:
                if record["event"] == event and found(record):
                    return record
            await self._news.park()

    async def end(self) -> int:
        """Its exit status, once it ended by itself."""
        status = await self.process.wait()
        await trio.testing.wait_all_tasks_blocked()
        return status


Start = Callable[..., Any]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts `p2pnet` in a folder with a game. All that it started is gone after the test."""
    (tmp_path / "tanks.py").write_text(GAME)
    with trio.fail_after(TIME_S):
        async with trio.open_nursery() as nursery:
            started: list[Process] = []

            async def start(*arguments: str) -> Process:
                process = await trio.lowlevel.open_process(
                    [sys.executable, "-m", "p2pnet", *arguments],
                    cwd=tmp_path,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
                started.append(Process(process, nursery))
                return started[-1]

            try:
                yield start
            finally:
                for each in started:
                    each.process.kill()  # before anything is awaited, as that may be cancelled
                with trio.CancelScope(shield=True):
                    for each in started:
                        await each.process.wait()
                nursery.cancel_scope.cancel()


LOOPBACK = ("--address", "127.0.0.1", "--port", "0", "--json")


async def host(start: Start, *more: str) -> tuple[Process, str]:
    """A host, and its invite."""
    process = await start("host", "tanks:game", "--name", "ana", *LOOPBACK, *more)
    return process, (await process.until("ready"))["invite"]


async def test_a_game_is_joined_by_the_invite_alone(start: Start) -> None:
    ana, invite = await host(start)
    bea = await start("join", invite, "--name", "bea", *LOOPBACK)
    ready = await bea.until("ready")
    assert (ready["role"], ready["connection_id"], ready["old_connection_id"]) == ("client", 1, -1)
    assert (await ana.until("peer_joined", lambda r: r["name"] == "bea"))["connection_id"] == 1
    assert "importing the module tanks" in bea.errors


async def test_commands_go_to_the_host_and_results_come_back(start: Start) -> None:
    _, invite = await host(start)
    bea = await start("join", invite, *LOOPBACK)
    await bea.until("ready")
    await bea.send('{"id": 7, "call": "drive", "args": [1.5]}', '{"id": 8, "dump": true}')
    assert (await bea.until("result"))["value"] == 1.5
    await bea.until("dump")
    await bea.send('{"id": 9, "dump": true}')
    dump = await bea.until("dump", lambda r: r["id"] == 9)
    assert dump["objects"][str(dump["player"])]["fields"]["x"] == 1.5


async def test_a_saved_session_goes_on_with_the_same_seats(start: Start, tmp_path: Path) -> None:
    ana_key, bea_key, save = (str(tmp_path / name) for name in ("ana.key", "bea.key", "game.save"))
    ana, invite = await host(start, "--identity", ana_key)
    bea = await start("join", invite, *LOOPBACK, "--identity", bea_key)
    await bea.until("ready")
    await bea.send('{"id": 1, "call": "drive", "args": [1.5]}')
    await bea.until("result")
    await bea.send(msgspec.json.encode({"id": 2, "save": save}).decode())
    assert "only the host" in (await bea.until("failed"))["text"]
    await ana.send(msgspec.json.encode({"id": 3, "save": save}).decode())
    assert (await ana.until("saved"))["path"] == save
    await ana.send('{"end": true}')
    await bea.until("ended")
    _, invite = await host(start, "--identity", ana_key, "--resume", save)
    bea = await start("join", invite, *LOOPBACK, "--identity", bea_key)
    await bea.until("ready")
    await bea.send('{"id": 4, "call": "drive", "args": [1.5]}')
    assert (await bea.until("result"))["value"] == 3.0


async def test_what_the_game_prints_is_kept_out_of_the_stream(start: Start) -> None:
    ana, _ = await host(start)
    await ana.send('{"id": 1, "call": "drive", "args": [1]}')
    await ana.until("result")
    await ana.send('{"end": true}')
    assert await ana.end() == OK
    assert "printed by the game\n" in ana.errors


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals there")
@pytest.mark.parametrize("way_out", ["quit", "signal"])
async def test_at_a_terminal_commands_are_typed(tmp_path: Path, way_out: str) -> None:
    (tmp_path / "tanks.py").write_text(GAME)
    import pty
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    command = [sys.executable, "-m", "p2pnet", "host", "tanks:game", *LOOPBACK[:-1]]
    with trio.fail_after(TIME_S):
        process = await trio.lowlevel.open_process(
            command,
            cwd=tmp_path,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm"},
        )
        shown = ""

        async def until(text: str) -> None:
            nonlocal shown
            while text not in shown:
                chunk = await trio.to_thread.run_sync(os.read, ours, 65_536)
                shown += chunk.decode("utf-8", "replace")

        try:
            await until("others join with:")
            os.write(ours, b"drive 1.57\x7f\n")  # the last key is taken back
            await until("drive 1.5 = 1.5")
            if way_out == "quit":
                os.write(ours, b"quit\n")
            else:
                process.send_signal(signal.SIGINT)
            assert await process.wait() == (OK if way_out == "quit" else INTERRUPTED)
        finally:
            process.kill()
    assert termios.tcgetattr(theirs) == before
    assert "Traceback" not in shown
    os.close(ours)
    os.close(theirs)


async def test_a_killed_host_is_followed_by_another_and_the_state_is_there(start: Start) -> None:
    ana, invite = await host(start)
    bea = await start("join", invite, "--name", "bea", *LOOPBACK)
    await bea.until("ready")
    await bea.send('{"id": 1, "call": "drive", "args": [1.5]}')
    await bea.until("result")
    ana.process.kill()
    became = await bea.until("became_host")
    assert (became["epoch"], became["migrated"]) == (2, True)
    await bea.send('{"id": 2, "call": "drive", "args": [1.5]}')
    assert (await bea.until("result", lambda r: r["id"] == 2))["value"] == 3.0


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP there")
async def test_a_frozen_host_is_followed_by_another_and_comes_back_as_a_client(
    start: Start,
) -> None:
    ana, invite = await host(start)
    bea = await start("join", invite, "--name", "bea", *LOOPBACK)
    await bea.until("ready")
    ana.process.send_signal(signal.SIGSTOP)
    await bea.send('{"id": 1, "call": "drive", "args": [1.5]}')
    assert (await bea.until("result"))["value"] == 1.5
    assert (await bea.until("host_lost"))["cause"] == "silent"
    ana.process.send_signal(signal.SIGCONT)
    await ana.until("host_changed")
    await ana.send('{"id": 1, "dump": true}')
    dump = await ana.until("dump")
    assert (dump["role"], dump["old_connection_id"]) == ("client", 0)
    assert [thing["fields"]["x"] for thing in dump["objects"].values()] == [0.0, 1.5]


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to send there")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)]
)
async def test_a_signal_makes_a_host_leave_in_order(
    start: Start, number: signal.Signals, status: int
) -> None:
    ana, invite = await host(start)
    bea = await start("join", invite, *LOOPBACK)
    await bea.until("ready")
    ana.process.send_signal(number)
    await bea.until("became_host")
    await bea.until("peer_gone")
    assert await ana.end() == status
    assert ana.records[-1]["event"] == "ended"
    assert "Traceback" not in ana.errors


async def test_the_end_of_the_session_is_the_end_for_all(start: Start) -> None:
    ana, invite = await host(start)
    bea = await start("join", invite, *LOOPBACK)
    await bea.until("ready")
    await ana.send('{"end": true, "text": "time is up"}')
    ended = await bea.until("ended")
    assert (ended["reason"], ended["text"]) == ("session_ended", "time is up")
    assert (await ana.end(), await bea.end()) == (OK, OK)


async def test_who_is_kicked_is_told_and_ends_with_a_status(start: Start) -> None:
    ana, invite = await host(start)
    bea = await start("join", invite, *LOOPBACK)
    await bea.until("ready")
    await ana.send('{"kick": 1, "text": "no shouting"}')
    assert (await bea.until("ended"))["text"] == "no shouting"
    assert await bea.end() == 1


async def test_the_end_of_input_is_not_the_end(start: Start) -> None:
    ana, invite = await host(start)
    await ana.process.stdin.aclose()
    bea = await start("join", invite, *LOOPBACK)
    await bea.until("ready")


async def test_the_end_of_input_can_be_the_end(start: Start) -> None:
    ana, _ = await host(start, "--exit-on-eof")
    await ana.process.stdin.aclose()
    assert await ana.end() == OK


async def test_nobody_reading_is_the_end(start: Start) -> None:
    ana, _ = await host(start)
    await ana.process.stdout.aclose()
    await ana.send('{"id": 1, "dump": true}')
    assert await ana.process.wait() == OK


async def test_an_unreachable_host_is_told_in_one_line(start: Start) -> None:
    ana, invite = await host(start)
    ana.process.kill()
    await ana.process.wait()
    bea = await start("join", invite, *LOOPBACK)
    ended = await bea.until("ended")
    assert (ended["reason"], ended["error"]) == ("error", "HostUnreachable")
    assert await bea.end() == 2
    assert bea.errors.splitlines()[-1].startswith("p2pnet: ")
    assert "Traceback" not in bea.errors


async def test_an_error_in_the_game_shows_its_author_where(start: Start) -> None:
    ana, _ = await host(start)
    await ana.send('{"id": 1, "call": "break_it"}')
    assert await ana.end() == 1
    assert "ZeroDivisionError: in the code of the game" in ana.errors


async def test_another_build_of_the_game_is_denied(start: Start, tmp_path: Path) -> None:
    _, invite = await host(start)
    (tmp_path / "tanks2.py").write_text(GAME.replace("x: float", "y: float"))
    bea = await start("join", invite, "--game", "tanks2:game", *LOOPBACK)
    assert (await bea.until("ended"))["error"] == "Denied"
    assert await bea.end() == 2
