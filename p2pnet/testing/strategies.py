"""Hypothesis strategies for scenarios.

What is drawn is the scenario: peers, steps, network. Delays of single messages follow from its
seed, so that Hypothesis can make it smaller by taking steps away.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from p2pnet.core.settings import AckLevel

from .drawing import INTERNET, LAN, MIXED
from .scenario import AMOUNTS, PAIRS, Kind, Phase, Scenario, Step, Victim, Workload

_PEERS_MAX = 7  # the highest number that a step names
_AFTER_US_MAX = 3_000_000
_FOR_US_MAX = 3_000_000


def victims() -> st.SearchStrategy[int | Victim]:
    """Whom a step concerns. A number is the simplest."""
    return st.integers(0, _PEERS_MAX) | st.sampled_from(list(Victim))


@st.composite
def steps(draw: st.DrawFn, kinds: Sequence[Kind] = tuple(Kind)) -> Step:
    """One step of one of these kinds. Fields that mean nothing for its kind stay as usual."""
    kind = draw(st.sampled_from(list(kinds)))
    low, high = AMOUNTS.get(kind, (0, 0))
    return Step(
        kind,
        after_us=draw(st.integers(0, _AFTER_US_MAX)),
        peer=draw(victims()),
        other=draw(victims()) if kind in PAIRS else 0,
        ack=draw(st.sampled_from(list(AckLevel))) if kind is Kind.SUBMIT else AckLevel.ONE,
        when=draw(st.none() | st.sampled_from(list(Phase))),
        for_us=draw(st.integers(0, _FOR_US_MAX)),
        amount=draw(st.integers(low, high)),
    )


@st.composite
def scenarios(
    draw: st.DrawFn,
    kinds: Sequence[Kind] = tuple(Kind),
    players: tuple[int, int] = (2, 6),
    steps_max: int = 10,
) -> Scenario:
    """A session of so many players, and up to so many steps of these kinds."""
    return Scenario(
        players=draw(st.integers(*players)),
        steps=tuple(draw(st.lists(steps(kinds), max_size=steps_max))),
        seed=draw(st.integers(0, 2**32)),
        delay_us=draw(st.sampled_from((INTERNET, LAN, MIXED))),
        workload=Workload(draw(st.sampled_from((0, 2_000_000, 150_000)))),
    )
