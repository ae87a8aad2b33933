"""A scenario once more, written down as it happens."""

from __future__ import annotations

import attrs

from .catalogue import InvariantBroken
from .playing import finish, prepare
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


def replay(scenario: Scenario) -> Replay:
    """Play a scenario and write down everything from its first step on."""
    trace = Trace()
    run = prepare(scenario, trace)
    transcript = Transcript(run.world)
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
    )
