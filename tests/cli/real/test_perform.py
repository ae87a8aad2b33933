"""Real processes are killed, stopped and cut off, and all that was acknowledged is there."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from p2pnet.cli.complaints import Complaint
from p2pnet.cli.demo.evidence import Evidence
from p2pnet.cli.demo.verdict import ALWAYS, judge
from p2pnet.cli.real.perform import Performance, Wish, run_real, still_running

from ..conftest import Command

COMMAND = (sys.executable, "-m", "p2pnet", "simulate", "--lane", "real")
TIME_S = 240
PROC = Path("/proc")

needs_proc = pytest.mark.skipif(not PROC.is_dir(), reason="this system does not list processes")


def wish(**changes: Any) -> Wish:
    return Wish(**{"minutes": 1.0, "seed": 1, "peers": (2, 8), "as_json": True, **changes})


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real") / "run.html"


@pytest.fixture(scope="module", autouse=True)
def under_way(picture: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run of a quarter of a minute. It goes on while the first tests here look at others."""
    arguments = ["--minutes=0.25", "--seed=7", "--peers=4", "--json", f"--report={picture}"]
    with (
        (picture.parent / "out").open("w") as out,  # a pipe would fill up until it is read
        (picture.parent / "errors").open("w") as errors,
        subprocess.Popen([*COMMAND, *arguments], stdout=out, stderr=errors) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()  # it ends its own processes then


@pytest.fixture(scope="module")
def ran(under_way: subprocess.Popen[bytes], picture: Path) -> dict[str, Any]:
    """Its last line."""
    status = under_way.wait(TIME_S)
    said, errors = ((picture.parent / name).read_text("utf-8") for name in ("out", "errors"))
    assert status == 0, said + errors
    last: dict[str, Any] = json.loads(said.splitlines()[-1])
    return last


# --- ended from outside ---------------------------------------------------------------------------


@contextlib.contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A long run, from when all its processes play."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    command = [*COMMAND, "--minutes", "5", "--peers", "3"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if any(word in line for word in ("stop_", "cut_", "restart", "kill_")):
                    break
            yield process
        finally:
            process.kill()


def family(process: int) -> set[int]:
    """All processes that come from this one."""
    parents: dict[int, int] = {}
    for path in PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {process}


def alive(processes: set[int]) -> set[int]:
    found = set()
    for number in processes:
        with contextlib.suppress(OSError):
            if (PROC / str(number) / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.add(number)
    return found


@needs_proc
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_however_it_ends_its_processes_end_too(tmp_path: Path, name: str) -> None:
    number = signal.Signals[name]  # not each system has each
    with running(tmp_path) as process:
        children = family(process.pid)
        assert len(children) >= 3
        process.send_signal(number)
        status = process.wait(TIME_S)
        if number is not signal.SIGKILL:
            assert status == 130
            assert alive(children) == set()
            assert list(tmp_path.glob("p2pnet-real-*")) == []
        end = time.monotonic() + TIME_S
        while alive(children) and time.monotonic() < end:
            time.sleep(0.05)  # who reads from a dead process takes a moment to see it
        assert alive(children) == set()


# --- played to the end ----------------------------------------------------------------------------


def test_nothing_that_was_acknowledged_is_lost(ran: dict[str, Any]) -> None:
    assert (ran["event"], ran["lane"], ran["violations"], ran["failed"]) == (
        "campaign",
        "real",
        0,
        [],
    )
    assert (ran["lost"], ran["doubled"], ran["state_equal"]) == (0, 0, True)
    assert ran["acked"] > 50 and ran["peers"] == 4


def test_things_were_done_to_them(ran: dict[str, Any]) -> None:
    assert ran["scenarios"] == sum(ran["faults"].values()) >= 1
    if ran["no_links_taken_down"]:
        pytest.skip(f"no links were taken down: {ran['no_links_taken_down']}")
    assert "cut_host" in ran["faults"]  # the first blow of this seed


def test_it_can_be_looked_at(ran: dict[str, Any], picture: Path) -> None:
    text = picture.read_text("utf-8")
    assert "All that was acknowledged is there" in text
    assert all(f">Machine{letter}</text>" in text for letter in "ABCD")


@needs_proc
def test_nothing_is_left_behind(ran: dict[str, Any]) -> None:
    assert ran["left_behind"] == []


# --- what is asked for, and what is judged --------------------------------------------------------


def test_how_many_play_follows_from_the_seed() -> None:
    assert {wish(seed=seed).players() for seed in range(40)} == set(range(3, 9))
    assert wish(peers=(5, 5)).players() == 5
    with pytest.raises(Complaint, match="3 to 16 processes"):
        wish(peers=(2, 2)).players()


@pytest.mark.parametrize("minutes", [0.0, -1.0, 1e6])
def test_a_time_that_makes_no_sense_is_told(minutes: float) -> None:
    with pytest.raises(Complaint, match="--minutes"):
        run_real(wish(minutes=minutes))


def test_what_needs_virtual_time_is_told(command: Command) -> None:
    result = command("simulate", "--lane", "real", "--cluster=tcp://127.0.0.1:1")
    assert (result.returncode, result.stdout) == (2, "")
    assert "not for --lane real" in result.stderr


def judged(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    performance = Performance(wish(), Console(file=io.StringIO()), evidence)
    verdict = judge(evidence, {**ALWAYS, **performance._finders()})
    return {check.name: check.faults for check in verdict.checks if not check.passed}


def dump(host: str = "x", role: str = "host") -> dict[str, Any]:
    return {"role": role, "host": host, "position": 1, "digest": "d", "objects": {}, "player": 1}


def test_two_hosts_at_the_end_are_told() -> None:
    from p2pnet.cli.demo.evidence import Run

    evidence = Evidence(final={Run("A", 1): dump(), Run("B", 1): dump("y")})
    assert judged(evidence) == {
        "one host, whom all follow": ("2 of those that are left host, and 2 are followed",)
    }


def test_what_was_discarded_by_name_is_not_missed() -> None:
    from p2pnet.cli.demo.evidence import Order, Run

    run = Run("A", 1)
    evidence = Evidence(final={run: dump()})
    evidence.add(Order(run, "A#1:1", 2, submitted_ms=1, done_ms=2), 1)
    assert "nothing lost" in judged(evidence)
    evidence.discarded |= {"A#1:1"}
    assert "nothing lost" not in judged(evidence)


@needs_proc
def test_a_process_that_is_left_is_seen(tmp_path: Path) -> None:
    code, pipe = "import sys; print(flush=True); sys.stdin.read()", subprocess.PIPE
    command = [sys.executable, "-c", code, str(tmp_path / "x")]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None and process.stdout.read(1)
        assert list(still_running(str(tmp_path))) == [process.pid]
    assert list(still_running(str(tmp_path))) == []
