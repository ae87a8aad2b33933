"""What the demo shows when it is over: the timeline of each failover, and the verdict."""

from __future__ import annotations

from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .evidence import Evidence, Failover
from .timeline import PHASES, Timeline, timeline
from .verdict import Verdict

_BAR: Final = 40
_COLOURS: Final = dict(
    zip(PHASES, ("red", "yellow", "magenta", "cyan", "green"), strict=True),
)


def report(evidence: Evidence, verdict: Verdict) -> RenderableType:
    """Everything."""
    pictures = [_failover(evidence, failover) for failover in evidence.failovers]
    return Group(*pictures, _verdict(evidence, verdict))


def _failover(evidence: Evidence, failover: Failover) -> RenderableType:
    times = timeline(evidence, failover)
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="left", width=10)
    table.add_column(justify="right", width=10)
    table.add_column()
    for phase in PHASES:
        ms: float | None = getattr(times, phase)
        figure = "-" if ms is None else f"{ms:.1f} ms"
        table.add_row(Text(phase, style=_COLOURS[phase]), figure, _bar(phase, ms, times))
    title = (
        f"[bold]{failover.victim.peer}[/] killed with {len(failover.in_flight)} commands "
        f"in flight, "
        f"[bold]{failover.heir}[/] hosts epoch {_epoch_after(failover)}"
    )
    return Panel(table, title=title, title_align="left", border_style="blue")


def _epoch_after(failover: Failover) -> str:
    return "/".join(sorted({str(dump["epoch"]) for dump in failover.after.values()})) or "?"


def _bar(phase: str, ms: float | None, times: Timeline) -> Text:
    """From the kill to the end of the phase, to the scale of the longest one."""
    longest = max((getattr(times, each) or 0.0 for each in PHASES), default=0.0)
    if ms is None or longest <= 0:
        return Text("")
    return Text("━" * max(1, round(_BAR * ms / longest)), style=_COLOURS[phase])


def _verdict(evidence: Evidence, verdict: Verdict) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(width=2)
    table.add_column()
    for check in verdict.checks:
        mark = Text("✓", style="green") if check.passed else Text("✗", style="bold red")
        table.add_row(mark, check.name + _figures(check.name, evidence, verdict))
        for fault in check.faults[:3]:
            table.add_row("", Text(fault, style="red"))
        if len(check.faults) > 3:
            table.add_row("", Text(f"and {len(check.faults) - 3} more", style="red"))
    if verdict.survived:
        title, colour = "[bold]the game survived[/]", "green"
    else:
        title, colour = "[bold]the game did NOT survive[/]", "red"
    return Panel(table, title=title, title_align="left", border_style=colour)


def _figures(check: str, evidence: Evidence, verdict: Verdict) -> str:
    peers = len(evidence.final)
    in_flight = sum(len(failover.in_flight) for failover in evidence.failovers)
    return {
        "nothing lost": f": {verdict.acked} acknowledged, {verdict.acked - verdict.lost} found "
        f"after on each of {peers} peers",
        "nothing done twice": f": {in_flight} were in flight when a host was killed",
        "players and objects back": f": {verdict.objects} of {verdict.objects}"
        if not any(c.name == check and c.faults for c in verdict.checks)
        else "",
    }.get(check, "")
