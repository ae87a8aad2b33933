"""A campaign on a cluster is the campaign on one machine, whatever becomes of the workers."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from p2pnet.testing import campaign
from p2pnet.testing import cluster as cluster_module
from p2pnet.testing.campaign import Tallied, run_campaign
from p2pnet.testing.cluster import ClusterError, cluster, code
from p2pnet.testing.drawing import Shape

pytest.importorskip("distributed", reason="distributed is not installed: pip install distributed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

START_S = 120
SMALL = Shape(players=(2, 3))


class Machines:
    """A scheduler and its workers, as processes of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        command += ["--scheduler-file", str(self.file), "--no-dashboard"]
        log = (self.folder / "log").open("ab")
        with log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("worker", "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1")

    @property
    def address(self) -> str:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError, ValueError):
                address: str = json.loads(self.file.read_text("utf-8"))["address"]
                return address
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text("utf-8"))

    def end(self) -> None:
        for process in reversed(self.processes):
            process.kill()
        for process in self.processes:
            process.wait()


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    found = Machines(tmp_path_factory.mktemp("cluster"))
    found.start("scheduler", "--host", "127.0.0.1", "--port", "0")
    try:
        yield found
    finally:
        found.end()


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(campaign, "_BLOCK", 2)
    return 2


def test_a_scheduler_without_workers_is_told(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_WAIT_S", 1)
    with pytest.raises(ClusterError, match="has no workers: dask worker tcp://"):
        cluster(machines.address).__enter__()


def test_a_worker_dies_and_nothing_is_lost_or_counted_twice(
    machines: Machines, batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_WAIT_S", START_S)
    one, other = machines.worker(), machines.worker()
    at_work: set[int] = set()
    with cluster(machines.address) as each:
        while len(at_work) < 2:  # both are there before the campaign begins
            at_work |= set(each(lambda number: (time.sleep(0.01), os.getpid())[1], range(20)))
    assert at_work == {one.pid, other.pid}
    alone = run_campaign(14, 3, SMALL)
    counts: list[int] = []

    def on_progress(so_far: Tallied) -> None:
        counts.append(so_far.scenarios)
        if len(counts) == 1:  # both have their next batches
            one.kill()
            one.wait()

    found = run_campaign(14, 3, SMALL, on_progress=on_progress, scheduler=machines.address)
    assert one.returncode is not None and other.poll() is None
    assert counts == list(range(batches, 15, batches))
    assert found.tallied == alone.tallied
    assert found.tallied.scenarios == 14


def test_a_worker_with_other_code_is_told(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "code", lambda: "other")
    with (
        pytest.raises(ClusterError, match="other code of p2pnet"),
        cluster(machines.address) as each,
    ):
        next(each(abs, [1]))


def test_the_command_has_the_same_table_and_the_same_line(machines: Machines) -> None:
    command = [sys.executable, "-m", "p2pnet", "simulate", "--scenarios", "3", "--json"]
    command += ["--peers", "2", "--cluster", machines.address]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    last: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    assert (last["scenarios"], last["violations"]) == (3, 0)
    assert "What became of it" in result.stderr


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'p2pnet\[cluster\]'"):
        cluster("tcp://127.0.0.1:1").__enter__()


def test_the_code_has_one_name() -> None:
    assert code() == code() and len(code()) == 16


class Lost:
    """Stands for what the library gives for work under way."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)

    def result(self) -> Any:
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def test_a_batch_of_which_the_scheduler_despairs_is_given_to_it_again() -> None:
    from distributed import KilledWorker

    killed = KilledWorker("batch", "worker", 3)
    future = Lost(killed, killed, 7)
    assert cluster_module._result(future, lambda: future, "here") == 7
    with pytest.raises(ClusterError, match="too many workers"):
        cluster_module._result(Lost(killed), lambda: Lost(killed), "here")


def test_a_scheduler_that_goes_is_told() -> None:
    with pytest.raises(ClusterError, match="is gone"):
        cluster_module._result(Lost(OSError()), lambda: None, "here")
