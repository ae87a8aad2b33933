"""What three peers would print in a demo where all went well, to be spoiled by the tests."""

from __future__ import annotations

import copy
from typing import Any

from p2pnet.cli.demo.evidence import Evidence, Failover, Order, Run

A, B, C, A2 = Run("MachineA", 1), Run("MachineB", 1), Run("MachineC", 1), Run("MachineA", 2)
KILLED_MS = 100.0


def seat(run: Run, connection_id: int, old: int = -1, present: bool = True) -> dict[str, Any]:
    return {
        "peer": f"id-{run.peer}",
        "name": run.peer,
        "connection_id": connection_id,
        "old_connection_id": old,
        "present": present,
        "can_host": True,
    }


def thing(cls: str, run: Run, gold: int = 0, **journal: int) -> dict[str, Any]:
    fields = {"gold": gold, "journal": {k.replace("__", "#1:"): v for k, v in journal.items()}}
    return {"class": cls, "owner": f"id-{run.peer}", "active": True, "fields": fields}


def objects() -> dict[str, Any]:
    """Two commands of MachineB and one of each other, all done once."""
    return {
        "1": thing("Miner", A, 5, MachineA__1=1),
        "2": thing("Cart", A),
        "3": thing("Miner", B, 3, MachineB__1=1),
        "4": thing("Cart", B, 4, MachineB__2=1),
        "5": thing("Miner", C, 7, MachineC__1=1),
        "6": thing("Cart", C),
    }


def dump(run: Run, role: str, connection_id: int, old: int, epoch: int = 2) -> dict[str, Any]:
    own = {"MachineA": 1, "MachineB": 3, "MachineC": 5}[run.peer]
    return {
        "role": role,
        "epoch": epoch,
        "host": "id-MachineB" if epoch == 2 else "id-MachineA",
        "position": f"{epoch}:x/9",
        "digest": "abcd",
        "connection_id": connection_id,
        "old_connection_id": old,
        "player": own,
        "objects": copy.deepcopy(objects()),
        "roster": [seat(A, 0), seat(B, 1), seat(C, 2)],
    }


def order(run: Run, number: int, amount: int) -> Order:
    return Order(run, f"{run}:{number}", amount)


def told(evidence: Evidence, run: Run, t_ms: float, event: str, **fields: Any) -> None:
    """A line of a peer."""
    evidence.take(run, {"t_ms": t_ms, "peer": run.peer, "event": event, **fields})


def good_evidence() -> Evidence:
    """MachineA is killed at 100 ms, MachineB hosts, MachineA returns; nothing is wrong."""
    evidence = Evidence(died=frozenset({A}))
    for run, number, amount, submitted, done in (
        (A, 1, 5, 10, 12),
        (B, 1, 3, 90, 130),
        (B, 2, 4, 105, 131),
        (C, 1, 7, 106, 140),
    ):
        evidence.add(order(run, number, amount), number)
        told(evidence, run, submitted, "submitted", id=number)
        told(evidence, run, done, "result", id=number, value=amount)
    for t_ms, run, event in (
        (103, B, "host_lost"),
        (104, C, "host_lost"),
        (110, B, "claim_made"),
        (120, B, "became_host"),
        (125, C, "host_changed"),
    ):
        told(evidence, run, t_ms, event)
    evidence.failovers.append(
        Failover(
            victim=A,
            heir="MachineB",
            survivors=(B, C),
            epoch=1,
            before=dump(B, "client", 1, -1, epoch=1),
            killed_ms=KILLED_MS,
            in_flight=("MachineB#1:1",),
            after={B: dump(B, "host", 0, 1), C: dump(C, "client", 2, 2)},
        )
    )
    back = order(A2, 1, 2)
    evidence.add(back, 1)
    told(evidence, A2, 200, "submitted", id=1)
    told(evidence, A2, 210, "result", id=1, value=7)
    evidence.returns.append((A2, {"old_connection_id": 0}))
    evidence.final = {
        B: dump(B, "host", 0, 1),
        C: dump(C, "client", 2, 2),
        A2: dump(A2, "client", 3, 0),
    }
    for final in evidence.final.values():
        final["objects"]["1"]["fields"]["journal"]["MachineA#2:1"] = 1  # type: ignore[index]
        final["objects"]["1"]["fields"]["gold"] = 7
    return evidence
