"""How long each phase of a failover took, counted from the kill."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from .evidence import Evidence, Failover, Run

PHASES: Final = ("detected", "claimed", "crowned", "rejoined", "playing")
"""First survivor that saw the loss; first claim; the new host reigns; last survivor follows it;
last survivor that knows its host and has the result of a command submitted after the kill."""


@attrs.frozen
class Timeline:
    """Milliseconds from the kill to the end of each phase; None if it was never reached.

    `rejoined` is None too where nobody was left to rejoin.
    """

    detected: float | None
    claimed: float | None
    crowned: float | None
    rejoined: float | None
    playing: float | None


def timeline(evidence: Evidence, failover: Failover) -> Timeline:
    """The times that the survivors themselves printed."""
    killed = failover.killed_ms
    heirs = [run for run in failover.survivors if run.peer == failover.heir]
    others = [run for run in failover.survivors if run.peer != failover.heir]

    def times(kind: str, runs: Iterable[Run]) -> list[float | None]:
        records = (evidence.first(run, kind, killed) for run in runs)
        return [None if record is None else record["t_ms"] - killed for record in records]

    results = (evidence.first_result_ms(run, killed) for run in failover.survivors)
    acknowledged = [None if ms is None else ms - killed for ms in results]
    # A process tells of events and of results by two tasks, which may overtake one another.
    crowned, rejoined = times("became_host", heirs), times("host_changed", others)
    return Timeline(
        detected=_earliest(times("host_lost", failover.survivors)),
        claimed=_earliest(times("claim_made", failover.survivors)),
        crowned=_earliest(crowned),
        rejoined=_latest(rejoined),
        playing=_latest([*acknowledged, *crowned, *rejoined]),
    )


def _earliest(times: Iterable[float | None]) -> float | None:
    return min((time for time in times if time is not None), default=None)


def _latest(times: list[float | None]) -> float | None:
    """The last of all; None if one is missing."""
    known = [time for time in times if time is not None]
    return max(known) if known and len(known) == len(times) else None
