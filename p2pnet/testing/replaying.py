"""A scenario once more, written down as it happens."""

from __future__ import annotations

import attrs

from .catalogue import InvariantBroken
from .playing import Run, finish, prepare
from .report.picture import Picture
from .report.recorder import Recorder
from .scenario import Scenario
from .trace import Trace
from .transcript import Transcript


@attrs.frozen
class Replay:
    """What happened, line by line, and what was broken."""

    scenario: Scenario
    lines: tuple[str, ...]
    broken: InvariantBroken | None
    converged_us: int
    reigns: int
    digest: bytes
    picture: Picture


def replay(scenario: Scenario, name: str = "A scenario") -> Replay:
    """Play a scenario and write down everything from its first step on."""
    trace = Trace()
    run = prepare(scenario, trace)
    transcript = Transcript(run.world)
    recorder = Recorder(transcript)
    broken = None
    try:
        finish(run)
    except InvariantBroken as error:
        broken = error
    return Replay(
        scenario,
        tuple(transcript.lines),
        broken,
        run.converged_us or 0,
        run.watch.reigns,
        trace.digest,
        recorder.picture(name, _setting(scenario), _outcome(run), str(broken) if broken else None),
    )


def _setting(scenario: Scenario) -> str:
    low_us, high_us = scenario.delay_us
    return (
        f"{scenario.players} players, {low_us / 1000:g} to {high_us / 1000:g} ms one way, "
        f"{len(scenario.steps)} steps, seed {scenario.seed}"
    )


def _outcome(run: Run) -> str:
    together_ms = (run.converged_us or 0) / 1000
    return (
        f"No violation: {run.watch.reigns} reigns, together again {together_ms:.0f} ms "
        "after all healed"
    )
