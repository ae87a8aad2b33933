"""`p2pnet simulate --lane real`: set the stage, let the storm rage, judge, and clean up."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
import trio
from rich.console import Console

from ...testing.campaign import percentile
from ..complaints import CRASHED, INTERRUPTED, OK, Complaint, leaves
from ..demo.cast import Cast
from ..demo.digging import Digging
from ..demo.evidence import Evidence, Record, Run
from ..demo.script import peer_names
from ..demo.verdict import ALWAYS, Finder, Verdict, judge, owned, sleeping
from ..interrupts import on_interrupt
from ..simulate_report import check_report, write_run
from .picture import Sketch
from .storm import BEAT_S, PLAYERS_MAX, PLAYERS_MIN, Storm
from .wires import Wires, open_wires

_PATIENCE_S: Final = 40.0
_OVERTIME_S: Final = 180.0  # for what was begun before the time was over
_PROC: Final = Path("/proc")


@attrs.frozen(kw_only=True)
class Wish:
    """What was asked for."""

    minutes: float
    seed: int
    peers: tuple[int, int]
    as_json: bool
    report: Path | None = None

    def players(self) -> int:
        """How many processes play."""
        low, high = self.peers
        if high < PLAYERS_MIN or low > PLAYERS_MAX:
            raise Complaint(f"--peers: {PLAYERS_MIN} to {PLAYERS_MAX} processes can play")
        least = max(low, PLAYERS_MIN)
        return Random(self.seed).randint(least, min(max(high, least), PLAYERS_MAX))


@attrs.define(eq=False)
class Chorus:
    """Tells what is done."""

    console: Console
    done: list[tuple[Run, Record]] = attrs.field(factory=list)  # all that was told, in order
    began: float = attrs.field(factory=trio.current_time)

    def step(self, text: str) -> None:
        at = trio.current_time() - self.began
        self.console.print(f"{at:7.1f} s  {text}", markup=False, highlight=False)

    def news(self, run: Run, record: Record) -> None:
        self.done.append((run, record))


@attrs.define(eq=False)
class Performance:
    """One run with real processes, whatever becomes of it."""

    wish: Wish
    console: Console
    evidence: Evidence = attrs.field(factory=Evidence)
    storm: Storm | None = None
    chorus: Chorus | None = None
    why_no_cables: str = ""
    trouble: str | None = None
    was_interrupted: bool = False
    left_behind: tuple[int, ...] = ()

    async def run(self) -> int:
        """Perform and judge. Returns the exit status."""
        with tempfile.TemporaryDirectory(prefix="p2pnet-real-") as folder:
            try:
                await self._perform(Path(folder))
            except* Complaint as group:
                self.trouble = str(next(leaves(group)))
            self.left_behind = tuple(still_running(folder))
        if self.was_interrupted:
            return INTERRUPTED
        finders = {**ALWAYS, **self._finders()}
        verdict = judge(self.evidence, finders)
        self._tell(verdict)
        self._draw(verdict)
        good = verdict.survived and self.trouble is None and not self.left_behind
        return OK if good else CRASHED

    async def _perform(self, folder: Path) -> None:
        names = peer_names(self.wish.players())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(on_interrupt, partial(self._interrupt, nursery.cancel_scope))
            async with open_wires(names) as wires, trio.open_nursery() as stage:
                self._say_how(wires)
                self.chorus = Chorus(self.console)
                cast = Cast(
                    stage,
                    self.chorus,
                    self.evidence,
                    prefixes={name: wires.prefix(name) for name in names},
                    patience_s=_PATIENCE_S,
                )
                rng = Random(f"storm {self.wish.seed}")
                digging = Digging(cast, BEAT_S)
                self.storm = Storm(cast, digging, wires, folder, names, rng)
                await self._rage(self.storm)
                stage.cancel_scope.cancel()
            nursery.cancel_scope.cancel()

    async def _rage(self, storm: Storm) -> None:
        seconds = 60 * self.wish.minutes
        try:
            with trio.fail_after(seconds + _OVERTIME_S):
                await storm.rage(seconds)
        except trio.TooSlowError:
            raise Complaint("the run did not come to its end in time") from None

    def _say_how(self, wires: Wires) -> None:
        self.why_no_cables = wires.why_not
        if wires.why_not:
            text = f"no links are taken down: {wires.why_not}"
            self.console.print(text, markup=False, highlight=False)

    def _interrupt(self, scope: trio.CancelScope) -> None:
        self.was_interrupted = True
        scope.cancel()

    # --- what came of it ---

    def _finders(self) -> Mapping[str, Finder]:
        return {
            "players and objects with their owners": self._owners,
            "players awake": sleeping,
            "one host, whom all follow": _one_host,
        }

    def _owners(self, evidence: Evidence) -> Iterator[str]:
        wanted = owned(self.storm.first) if self.storm is not None and self.storm.first else {}
        for run, dump in evidence.final.items():
            found = owned(dump)
            for name, owner in wanted.items():
                if found.get(name) != owner:
                    yield f"object {name} of {owner} is not on {run} as it was in the beginning"

    def _tell(self, verdict: Verdict) -> None:
        for check in verdict.checks:
            sign = "[green]✓[/]" if check.passed else "[bold red]✗[/]"
            self.console.print(f"{sign} {check.name}", highlight=False)
            for fault in check.faults[:5]:
                self.console.print(f"    {fault}", markup=False, highlight=False)
        for text in (self.trouble, self._left()):
            if text:
                self.console.print(text, style="bold red", markup=False, highlight=False)
        line = self.line(verdict)
        shown = ", ".join(f"{n} {kind}" for kind, n in line["faults"].items())
        self.console.print(
            f"{line['acked']} commands acknowledged, {line['lost']} lost, {line['doubled']} run "
            f"twice, {line['discarded']} discarded and told; {shown}",
            highlight=False,
        )
        if self.wish.as_json:
            print(json.dumps(line), flush=True)

    def _draw(self, verdict: Verdict) -> None:
        """Put the picture of the run into a file, if that is wanted."""
        if self.wish.report is None or self.storm is None or self.chorus is None:
            return
        cast = self.storm.cast
        sketch = Sketch(self.storm.names, cast.names)
        for run, record in sorted(self.chorus.done, key=lambda pair: float(pair[1]["t_ms"])):
            sketch.take(run, record)
        broken = self.trouble or ", ".join(f"not so: {name}" for name in verdict.failed)
        setting = f"{self.wish.minutes:g} minutes, seed {self.wish.seed}"
        picture = sketch.picture(setting, broken, self.storm.pulled, cast.now_ms())
        write_run(self.wish.report, picture)
        self.console.print(f"The picture is in {self.wish.report}.", highlight=False)

    def _left(self) -> str:
        numbers = ", ".join(map(str, self.left_behind))
        return f"processes that are still there: {numbers}" if numbers else ""

    def line(self, verdict: Verdict) -> dict[str, Any]:
        """What a program that started the run wants to know."""
        blows = self.storm.blows if self.storm is not None else {}
        times = self.storm.back_ms if self.storm is not None else {}
        return {
            "event": "campaign",
            "lane": "real",
            "seed": self.wish.seed,
            "minutes": self.wish.minutes,
            "peers": self.wish.players(),
            "scenarios": sum(blows.values()),
            "violations": len(verdict.failed) + (self.trouble is not None),
            "faults": {blow.value: times_ for blow, times_ in sorted(blows.items())},
            "acked": verdict.acked,
            "lost": verdict.lost,
            "doubled": verdict.doubled,
            "discarded": len(self.evidence.discarded),
            "state_equal": verdict.state_equal,
            "recovery_ms": {cause: _times(found) for cause, found in sorted(times.items())},
            "failed": list(verdict.failed),
            "trouble": self.trouble,
            "no_links_taken_down": self.why_no_cables or None,
            "left_behind": list(self.left_behind),
        }


def _times(found_ms: list[float]) -> dict[str, float]:
    figures = {"p50": 50, "p99": 99, "worst": 100}
    found_us = [round(ms * 1000) for ms in found_ms]
    return {name: percentile(found_us, percent) / 1000 for name, percent in figures.items()}


def _one_host(evidence: Evidence) -> Iterator[str]:
    hosts = [run for run, dump in evidence.final.items() if dump["role"] == "host"]
    followed = {dump["host"] for dump in evidence.final.values()}
    if len(hosts) != 1 or len(followed) != 1:
        yield f"{len(hosts)} of those that are left host, and {len(followed)} are followed"


def still_running(folder: str) -> Iterator[int]:
    """Processes that were started with this folder and have not ended; none where one can't see."""
    for path in _PROC.glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue  # it has ended just now
        if folder.encode() in words and path.parent.name != str(os.getpid()):
            yield int(path.parent.name)


def run_real(wish: Wish) -> int:
    """Returns the exit status. Raises `Complaint` for what can't be run."""
    if not 0 < wish.minutes <= 24 * 60:
        raise Complaint(f"--minutes is {wish.minutes:g}: give a number above 0, up to a day")
    check_report(wish.report, of_campaign=False)
    wish.players()
    console = Console(stderr=wish.as_json)
    return trio.run(Performance(wish, console).run)
