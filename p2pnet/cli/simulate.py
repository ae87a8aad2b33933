"""`p2pnet simulate`: random faults on a simulated session, and what became of it."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

import attrs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..core.settings import Policy, Settings
from ..testing.apart import Apart
from ..testing.campaign import Report, Tallied, Violation, percentile, run_campaign
from ..testing.catalogue import InvariantBroken
from ..testing.cluster import ClusterError
from ..testing.drawing import Shape, draw
from ..testing.recovery import Cause
from ..testing.replaying import Replay, replay
from ..testing.scenario import PLAYERS_MAX, Lane, Scenario, ScenarioError
from ..testing.scenario_json import read, write
from ..testing.shrinking import breaks, shrink
from .complaints import CRASHED, OK, Complaint, one_line
from .simulate_report import check_report, write_campaign, write_run
from .simulate_table import table

_TRACE_LINES: Final = 40  # of the trace of a violation
REAL: Final = "real"  # the lane that plays no scenarios
_SHRINK_PLAYS: Final = 200  # of a scenario that broke something, to find a smaller one
_CORPUS: Final = Path("simulations/corpus")


@attrs.frozen(kw_only=True)
class Request:
    """What was asked for at the command line. `workers` 0 is one for each core.

    With a `number` that one scenario of the campaign is meant.
    """

    scenarios: int
    seed: int
    peers: str
    policy: str
    workers: int
    as_json: bool
    report: Path | None = None
    cluster: str = ""
    lane: str = ""
    number: int | None = None


def parse_lane(text: str) -> Lane:
    """Raises `Complaint` for what is no lane."""
    try:
        return Lane(text or Lane.CORE)
    except ValueError:
        names = ", ".join((*(lane.value for lane in Lane), REAL))
        raise Complaint(f"--lane is {text!r}: give one of {names}") from None


def parse_peers(text: str) -> tuple[int, int]:
    """How many players: `5`, or `2-8`. Raises `Complaint`."""
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text.strip())
    low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 2 <= low <= high <= PLAYERS_MAX:
        raise Complaint(f"--peers is {text!r}: give a number from 2 to {PLAYERS_MAX}, or two: 2-8")
    return low, high


def parse_policy(text: str) -> Policy:
    """Raises `Complaint` for what is no policy."""
    try:
        return Policy(text.replace("-", "_"))
    except ValueError:
        names = ", ".join(policy.value for policy in Policy)
        raise Complaint(f"--policy is {text!r}: give one of {names}") from None


# --- campaigns ------------------------------------------------------------------------------------


def run_simulations(request: Request) -> int:
    """Run a campaign, or one scenario of it. Returns the exit status.

    Raises `Complaint` for what can't be run.
    """
    if request.number is not None:
        return _run_number(request, request.number)
    if request.scenarios < 1:
        raise Complaint(f"--scenarios is {request.scenarios}: give 1 or more")
    if request.workers < 0:
        raise Complaint(f"--workers is {request.workers}: give 1 or more, or leave it out")
    if request.workers and request.cluster:
        raise Complaint("give --workers for this machine or --cluster for others, not both")
    check_report(request.report, of_campaign=True)
    shape = _shape(request)
    # Whoever reads JSON reads standard output; the bar and the trace are for eyes.
    console = Console(stderr=request.as_json)
    report = _run(request, shape, console)
    violation, found = report.tallied.violation, None
    if violation is not None:
        console.print(f"[bold red]{violation.text}[/], in scenario {violation.number}")
        found = replay(_shrunk(violation, console), f"Scenario {violation.number}")
        path = _keep(request.seed, violation.number, found, console)
        console.print(f"To see it again: p2pnet simulate --replay {path}")
    console.print(table(report))
    if (slowest := report.tallied.slowest) is not None:
        again = _again(request, shape, slowest.number)
        console.print(f"To see what took longest: {again}", highlight=False, soft_wrap=True)
    if request.report is not None:
        picture = None if found is None else found.picture
        write_campaign(request.report, report, _setting(request), picture)
        console.print(f"The report is in {request.report}.", highlight=False)
    if request.as_json:
        print(json.dumps(campaign_line(report, shape.lane)), flush=True)
    return OK if violation is None else CRASHED


def _shape(request: Request) -> Shape:
    settings = Settings(policy=parse_policy(request.policy))
    lane = parse_lane(request.lane)
    return Shape(players=parse_peers(request.peers), settings=settings, lane=lane)


def _again(request: Request, shape: Shape, number: int) -> str:
    """The command line that plays one scenario of a campaign once more."""
    words, usual = ["p2pnet simulate", f"--seed {request.seed}", f"--number {number}"], Shape()
    if shape.players != usual.players:
        words.append(f"--peers {request.peers}")
    if shape.settings != usual.settings:
        words.append(f"--policy {request.policy}")
    if shape.lane is not usual.lane:
        words.append(f"--lane {request.lane}")
    return " ".join(words)


def _run(request: Request, shape: Shape, console: Console) -> Report:
    workers = request.workers or os.cpu_count() or 1
    columns = (
        TextColumn("simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=request.scenarios, rate="")

        def show(so_far: Tallied) -> None:
            speed = progress.tasks[0].speed
            rate = f"{speed:.0f} a second" if speed else ""
            progress.update(task, completed=so_far.scenarios, rate=rate)

        scenarios, seed, scheduler = request.scenarios, request.seed, request.cluster
        try:
            return run_campaign(scenarios, seed, shape, workers, show, scheduler)
        except ClusterError as error:
            raise Complaint(one_line(error)) from None


def _setting(request: Request) -> str:
    return f"seed {request.seed}, {request.peers} peers, policy {request.policy}"


def _shrunk(violation: Violation, console: Console) -> Scenario:
    """The scenario of a violation, without what is not needed for it."""
    scenario = violation.scenario
    if breaks(scenario) != violation.invariant:
        return scenario  # it takes more than to play it once
    with console.status("making the scenario smaller"):
        smaller = shrink(scenario, violation.invariant, _SHRINK_PLAYS)
    console.print(f"Made smaller: {len(scenario.steps)} steps are {len(smaller.steps)} now.")
    return smaller


def _keep(seed: int, number: int, found: Replay, console: Console) -> Path:
    """Print the end of the trace of a violation, and write its scenario and its picture."""
    for line in found.lines[-_TRACE_LINES:]:
        console.print(line, markup=False, highlight=False, overflow="ellipsis", no_wrap=True)
    folder = _CORPUS if _CORPUS.is_dir() else Path()
    name = f"{found.broken.name.lower() if found.broken else 'unknown'}-{seed}-{number}"
    path = write(found.scenario, folder, name)
    picture = write_run(path.with_suffix(".html"), found.picture)
    console.print(f"The scenario is in {path}, its picture in {picture}.", highlight=False)
    return path


def campaign_line(report: Report, lane: Lane = Lane.CORE) -> dict[str, Any]:
    """What a program that started a campaign wants to know. Times are milliseconds."""
    tallied = report.tallied
    slowest = tallied.slowest
    return {
        "event": "campaign",
        "lane": lane.value,
        "scenarios": tallied.scenarios,
        "violations": 0 if tallied.violation is None else 1,
        "goals_missed": [goal.value for goal in report.goals_missed],
        "scenarios_per_s": round(report.scenarios_per_s, 1),
        "convergence_ms": _times_ms(tallied.converged_us[Apart.NEAR]),
        "recovery_ms": {c.value: _times_ms(tallied.recovered_us[c]) for c in Cause},
        "digest": tallied.digest.hex(),
        "worst_scenario": None if slowest is None else slowest.number,
    }


def _times_ms(times_us: list[int]) -> dict[str, float]:
    figures = {"p50": 50, "p99": 99, "worst": 100}
    return {name: percentile(times_us, percent) / 1000 for name, percent in figures.items()}


# --- one scenario ---------------------------------------------------------------------------------


def _run_number(request: Request, number: int) -> int:
    """Play one scenario of a campaign, and print its transcript."""
    check_report(request.report, of_campaign=False)
    scenario = draw(request.seed, number, _shape(request))
    return _run_one(scenario, f"Scenario {number}", request.as_json, True, request.report)


def run_file(
    path: Path, as_json: bool, transcript: bool, report: Path | None = None, lane: str = ""
) -> int:
    """Play the scenario in a file, and print its transcript. Returns the exit status.

    With `report` the picture of the run goes there; `lane` goes before the scenario's own. Raises
    `Complaint` if it can't be read.
    """
    check_report(report, of_campaign=False)
    try:
        scenario = read(path)
    except ScenarioError as error:
        raise Complaint(str(error)) from None
    if lane:
        scenario = attrs.evolve(scenario, lane=parse_lane(lane))
    name = path.stem.replace("_", " ").capitalize()
    return _run_one(scenario, name, as_json, transcript, report)


def _run_one(
    scenario: Scenario, name: str, as_json: bool, transcript: bool, report: Path | None
) -> int:
    found = replay(scenario, name)
    console = sys.stderr if as_json else sys.stdout
    if transcript:
        for line in found.lines:
            print(line, file=console)
    print(_outcome(found), file=console)
    if report is not None:
        print(f"the picture is in {write_run(report, found.picture)}", file=console)
    if as_json:
        print(json.dumps(_file_line(found)), flush=True)
    return OK if found.broken is None else CRASHED


def _outcome(found: Replay) -> str:
    if found.broken is not None:
        return f"violation: {found.broken}"
    return (
        f"no violation: {found.reigns} reigns, together again "
        f"{found.converged_us / 1000:.0f} ms after all healed, digest {found.digest.hex()}"
    )


def _file_line(found: Replay) -> dict[str, Any]:
    broken: InvariantBroken | None = found.broken
    return {
        "event": "scenario",
        "lane": found.scenario.lane.value,
        "violation": None if broken is None else broken.name,
        "text": "" if broken is None else str(broken),
        "convergence_ms": found.converged_us / 1000,
        "reigns": found.reigns,
        "digest": found.digest.hex(),
    }
