"""What comes of a drill, some times, in which something was broken before."""

from __future__ import annotations

from p2pnet.testing.drills import DRILLS
from p2pnet.testing.scenario import Drill, Scenario
from p2pnet.testing.shrinking import breaks
from p2pnet.testing.streams import stream


def found(kind: Drill, players: int, seeds: int = 3) -> set[str | None]:
    """The invariants that were broken, None for none, with the settings of one campaign."""
    settings = DRILLS[kind].settings(stream(1, "drill"), players)
    scenarios = (Scenario(players, (), n, settings=settings, drill=kind) for n in range(seeds))
    return {breaks(scenario) for scenario in scenarios}
