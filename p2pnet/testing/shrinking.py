"""A failing scenario made small: whatever is not needed to break the same invariant is left out.

Greedy and bounded: it tries to leave out halves of the steps, then single ones, then to make what
is left plain, and begins again as long as that helps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from .catalogue import InvariantBroken
from .playing import play
from .scenario import Scenario, Step, Workload

_PLAYS_MAX: Final = 300


def breaks(scenario: Scenario) -> str | None:
    """The name of the invariant that a scenario breaks, or None."""
    try:
        play(scenario)
    except InvariantBroken as error:
        return error.name
    return None


def shrink(scenario: Scenario, invariant: str, plays: int = _PLAYS_MAX) -> Scenario:
    """The smallest scenario found with so many plays that breaks the same invariant."""
    tried = {scenario}
    better: Scenario | None = scenario
    while better is not None:
        scenario, better = better, None
        for candidate in _simpler(scenario):
            if candidate in tried:
                continue
            if plays == 0:
                return scenario
            plays -= 1
            tried.add(candidate)
            if breaks(candidate) == invariant:
                better = candidate
                break
    return scenario


def _simpler(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with a little less in them, the boldest first."""
    steps, change = scenario.steps, attrs.evolve
    size = len(steps) // 2
    while size:
        for first in range(0, len(steps), size):
            yield change(scenario, steps=_without(steps, first, first + size))
        size //= 2
    if scenario.workload.every_us:
        yield change(scenario, workload=Workload())
    if scenario.ways:
        yield change(scenario, ways=())
    if scenario.length_us:
        yield change(scenario, length_us=0)
    if scenario.players > 2:
        yield change(scenario, players=scenario.players - 1)
    for number, step in enumerate(steps):
        for plain in _plainer(step):
            yield change(scenario, steps=(*steps[:number], plain, *steps[number + 1 :]))


def _without(steps: tuple[Step, ...], first: int, last: int) -> tuple[Step, ...]:
    """The steps but some. Those that are left happen when they did before."""
    gone_us = sum(step.after_us for step in steps[first:last])
    rest = steps[last:]
    if rest:
        rest = (attrs.evolve(rest[0], after_us=rest[0].after_us + gone_us), *rest[1:])
    return steps[:first] + rest


def _plainer(step: Step) -> Iterator[Step]:
    usual = Step(step.kind, step.after_us, amount=step.amount)
    for name in ("for_us", "other", "ack", "when"):
        if getattr(step, name) != getattr(usual, name):
            yield attrs.evolve(step, **{name: getattr(usual, name)})
    for after_us in (0, step.after_us // 1_000_000 * 1_000_000, step.after_us // 1000 * 1000):
        if after_us < step.after_us:
            yield attrs.evolve(step, after_us=after_us)
