"""Who is struck, and with what, follows from the seed and from who lives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from p2pnet.cli.demo.child import CAN_FREEZE
from p2pnet.cli.demo.evidence import Evidence, Run
from p2pnet.cli.real.storm import Blow, Storm, _reign
from p2pnet.cli.real.wires import Loopback

NAMES = ("MachineA", "MachineB", "MachineC", "MachineD", "MachineE")


class Troupe:
    """Stands for the processes: some live, one hosts."""

    def __init__(self, living: int, host: int = 0) -> None:
        self.evidence = Evidence()
        self.runs = tuple(Run(name, 1) for name in NAMES[:living])
        self.host = self.runs[host]
        for run in self.runs:
            role = "host" if run == self.host else "client"
            self.evidence.statuses[run] = {"role": role}

    def living(self) -> tuple[Run, ...]:
        return self.runs


def storm(living: int, why_not: str = "") -> Storm:
    troupe: Any = Troupe(living)
    digging: Any = None
    return Storm(troupe, digging, Loopback(why_not), Path(), NAMES, Random(1))


def test_enough_are_left_to_go_on() -> None:
    kills = {Blow.KILL_HOST, Blow.KILL_CLIENT, Blow.KILL_TWO}
    assert set(storm(2)._possible()) & kills == set()
    assert set(storm(3)._possible()) & kills == {Blow.KILL_HOST, Blow.KILL_CLIENT}
    assert set(storm(4)._possible()) & kills == kills


def test_who_is_dead_is_started_again() -> None:
    assert Blow.RESTART not in storm(5)._possible()
    assert storm(3)._possible().count(Blow.RESTART) == 4
    assert storm(3)._dead() == ["MachineD", "MachineE"]


def test_no_cable_is_pulled_where_there_is_none() -> None:
    cuts = {Blow.CUT_HOST, Blow.CUT_CLIENT}
    assert cuts <= set(storm(5)._possible())
    assert not cuts & set(storm(5, "not here")._possible())


@pytest.mark.skipif(not CAN_FREEZE, reason="this system can't stop and continue a process")
def test_processes_are_stopped_where_that_is_possible() -> None:
    assert {Blow.STOP_HOST, Blow.STOP_CLIENT} <= set(storm(3)._possible())


def test_a_client_is_never_the_host() -> None:
    found = storm(5)
    assert {found._client() for _ in range(50)} == set(found.runs) - {found._host()}


def status(state: str, epoch: int = 2, host: str = "h") -> dict[str, Any]:
    return {"state": state, "epoch": epoch, "host": host}


HOST, CLIENT = status("reigning"), status("following")


def test_a_session_is_whole_with_one_host_whom_all_follow() -> None:
    assert _reign([CLIENT, HOST, CLIENT]) == (2, "h")
    for others in (
        [CLIENT, CLIENT],
        [HOST, HOST],
        [HOST, status("doubting")],
        [HOST, status("following", 3)],
        [HOST, status("following", 2, "x")],
    ):
        assert _reign(others) is None


async def test_all_have_results_under_one_reign_before_the_next_blow() -> None:
    """Right after a host was cut off all look well; then it plays alone, and the others as well."""
    apart = [HOST, status("reigning", 3, "x"), status("following", 3, "x")]
    whole = [status("following", 3, "x"), status("reigning", 3, "x"), status("following", 3, "x")]
    looks = iter([[HOST, CLIENT, CLIENT], apart, apart, whole, whole])
    played: list[int] = []

    class Looking(Storm):
        async def _statuses(self) -> list[dict[str, Any]]:
            return next(looks)

    class Digging:
        async def until_played(self, runs: object, count: int) -> None:
            played.append(count)

    troupe, digging = Troupe(3), Digging()
    found: Any = Looking(troupe, digging, Loopback(""), Path(), NAMES, Random(1))  # type: ignore[arg-type]
    await found.settle()
    assert len(played) == 2
    assert list(looks) == []


def news(evidence: Evidence) -> Callable[[str, str, float], None]:
    def tell(peer: str, event: str, t_ms: float) -> None:
        evidence.take(Run(peer, 1), {"event": event, "t_ms": t_ms, "peer": peer})

    return tell


def test_it_is_measured_until_the_last_of_the_others_is_back() -> None:
    found = storm(4)
    tell = news(found.cast.evidence)
    tell("MachineB", "became_host", 90)  # long before
    tell("MachineB", "became_host", 150)
    tell("MachineC", "host_changed", 170)
    tell("MachineA", "host_changed", 900)  # was stopped
    found._measure(Blow.STOP_HOST, 100, [Run("MachineA", 1)])
    assert found.back_ms == {"silence": [70]}
    found._measure(Blow.STOP_CLIENT, 100, [])
    found._measure(Blow.KILL_HOST, 1_000, [])
    assert found.back_ms == {"silence": [70]}
