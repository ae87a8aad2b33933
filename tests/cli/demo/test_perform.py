"""The demo as a whole, as a user would run it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from p2pnet.cli.complaints import INTERRUPTED, OK, Complaint
from p2pnet.cli.demo.perform import run_demo

TIME_S = 120
COMMAND = [sys.executable, "-m", "p2pnet", "demo"]


def test_three_processes_survive_the_loss_of_two_hosts() -> None:
    done = subprocess.run(
        [*COMMAND, "--json", "--peers", "3"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIME_S,
        check=False,
    )
    records = [json.loads(line) for line in done.stdout.splitlines()]
    verdict = records[-1]
    assert verdict["failed"] == []
    assert verdict["trouble"] is None
    assert (verdict["event"], verdict["survived"], verdict["lost"]) == ("verdict", True, 0)
    assert verdict["acked"] > 100
    assert [(f["killed"], f["host"]) for f in verdict["failovers"]] == [
        ("MachineA", "MachineB"),
        ("MachineB", "MachineC"),
    ]
    assert all(f["in_flight"] > 0 for f in verdict["failovers"])
    assert done.returncode == OK
    assert done.stderr == ""
    check_order(records)


def check_order(records: list[dict[str, Any]]) -> None:
    """The flow of the manual: who said what, in this order."""
    told = iter((record.get("peer"), record["event"]) for record in records)
    flow = [
        ("MachineA", "became_host"),
        ("MachineB", "ready"),
        ("MachineC", "ready"),
        ("MachineA", "killed"),
        ("MachineB", "became_host"),
        ("MachineA", "ready"),
        ("MachineB", "killed"),
        ("MachineC", "became_host"),
    ]
    assert [step for step in flow if step not in told] == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send there")
def test_an_interrupt_leaves_no_process_behind() -> None:
    with subprocess.Popen(
        [*COMMAND, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if json.loads(line)["event"] == "frozen":
                break
        children = children_of(demo.pid)
        assert children or not Path("/proc/self/stat").exists()
        demo.send_signal(signal.SIGINT)
        demo.stdout.read()
        assert demo.wait(TIME_S) == INTERRUPTED
    assert [pid for pid in children if is_running(pid)] == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to find processes")
def test_when_the_demo_is_killed_its_peers_end_by_themselves() -> None:
    with subprocess.Popen(
        [*COMMAND, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if json.loads(line)["event"] == "frozen":
                break
        children = children_of(demo.pid)
        assert children
        demo.kill()
        demo.stdout.read()
    deadline = time.monotonic() + TIME_S
    while any(is_running(pid) for pid in children):
        assert time.monotonic() < deadline
        os.sched_yield()


def children_of(pid: int) -> list[int]:
    """The processes that this one started, where the system has /proc."""
    found = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [each for each in found if (stat := stat_of(each)) and int(stat[1]) == pid]


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is not just waiting to be buried."""
    stat = stat_of(pid)
    return bool(stat) and stat[0] != "Z"


def stat_of(pid: int) -> list[str]:
    """State, parent and so on; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
@pytest.mark.parametrize("more", [["--json"], []])
def test_nobody_watching_is_the_end_without_a_traceback(more: list[str]) -> None:
    with subprocess.Popen(
        [*COMMAND, *more],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        demo.stdout.readline()
        demo.stdout.close()
        assert demo.stderr.read() == ""
        assert demo.wait(TIME_S) == INTERRUPTED


@pytest.mark.parametrize("peers", [-1, 1, 17])
def test_numbers_of_peers_that_make_no_sense(peers: int) -> None:
    with pytest.raises(Complaint, match="--peers"):
        run_demo(peers, as_json=True)
