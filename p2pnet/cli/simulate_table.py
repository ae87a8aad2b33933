"""What came of a campaign, for eyes."""

from __future__ import annotations

from typing import Final

from rich.table import Table

from ..testing.apart import Apart
from ..testing.campaign import Report, percentile
from ..testing.goals import Goal
from ..testing.recovery import Cause
from ..testing.scenario import Kind

_APART: Final = {
    Apart.NEAR: "convergence after healing",
    Apart.FAR: "… with round trips over 60 ms",
    Apart.BEREFT: "… with a host dead, unnoticed",
    Apart.GIVEN_UP: "… after seats had expired",
    Apart.TOO_FEW: "… too few for the policy",
}


def table(report: Report) -> Table:
    """One row for each thing that was counted or measured."""
    tallied = report.tallied
    shown = Table(title="What became of it", show_header=False, title_justify="left")
    shown.add_column(style="bold")
    shown.add_column()
    shown.add_row("scenarios", str(tallied.scenarios))
    shown.add_row("violations", "0" if tallied.violation is None else tallied.violation.invariant)
    faults = {kind: tallied.faults[kind] for kind in Kind if tallied.faults[kind]}
    shown.add_row("faults", ", ".join(f"{n} {kind.value}" for kind, n in faults.items()))
    shown.add_row("reigns", str(tallied.reigns))
    shown.add_row("acknowledged, then discarded", f"{tallied.discards}, each told to its owner")
    reached = {goal: tallied.goals[goal] for goal in Goal if tallied.goals[goal]}
    shown.add_row("goals reached", ", ".join(f"{goal.value} {n}" for goal, n in reached.items()))
    missed = ", ".join(goal.value for goal in report.goals_missed)
    shown.add_row("goals missed", missed or "none")
    for apart, name in _APART.items():
        shown.add_row(name, _times(tallied.converged_us[apart]))
        if apart is Apart.NEAR and tallied.slowest is not None:
            shown.add_row("… the longest", f"scenario {tallied.slowest.number}")
    for cause in Cause:
        shown.add_row(f"back after {cause.value}", _times(tallied.recovered_us[cause]))
    shown.add_row("scenarios a second", f"{report.scenarios_per_s:.0f}")
    shown.add_row("digest", tallied.digest.hex())
    return shown


def _times(times_us: list[int]) -> str:
    """Milliseconds of virtual time."""
    if not times_us:
        return "not measured"
    p50, p99, worst = (percentile(times_us, percent) / 1000 for percent in (50, 99, 100))
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {worst:.0f} ms (of {len(times_us)})"
