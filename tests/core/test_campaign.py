"""Random sessions in which many things go wrong, and what must hold all the same.

Each scenario has two lives: faults at will, then everything heals and the session has to come
together. `play` watches every step and checks the end; it raises `InvariantBroken` with the name of
what does not hold. Whatever was found once stays here as a scenario of its own.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p2pnet.core.settings import AckLevel
from p2pnet.testing.playing import play
from p2pnet.testing.scenario import AMOUNTS, CRASHES, HOST, Kind, Scenario, Step

_DELAYS = ((20_000, 30_000), (1_000, 2_000), (5_000, 100_000))
_ALL = tuple(kind for kind in Kind if kind is not Kind.SUBMIT)

_CAMPAIGNS: dict[str, tuple[Kind, ...]] = {
    "crashes": CRASHES,
    "crashes and returns": (*CRASHES, Kind.RESTART, Kind.JOIN),
    "sleep": (Kind.PAUSE, Kind.RESUME, Kind.CRASH),
    "cuts": (Kind.CUT, Kind.CUT_BOTH, Kind.ISOLATE, Kind.HEAL),
    "links": (Kind.RESET, Kind.HALF_CLOSE, Kind.HEAL),
    "membership": (Kind.LEAVE, Kind.KICK, Kind.JOIN, Kind.HAND_OVER, Kind.CRASH),
    "everything": _ALL,
}
"""Uniform mixing hides what needs many faults of one kind, so each campaign has its own few."""


def drawn(seed: int, kinds: tuple[Kind, ...]) -> Scenario:
    """A scenario that depends on nothing but its seed."""
    rng = random.Random(seed)
    steps = []
    for _ in range(rng.randint(1, 6)):
        for _ in range(rng.randint(0, 8)):
            who, level = rng.choice((HOST, *range(6))), rng.choice(list(AckLevel))
            steps.append(Step(Kind.SUBMIT, rng.randint(0, 30_000), who, ack=level))
        after_us = rng.randint(0, rng.choice((100_000, 3_000_000)))
        who = rng.choice((HOST, rng.randint(0, 5)))
        kind, other = rng.choice(kinds), rng.choice((HOST, *range(6)))
        steps.append(Step(kind, after_us, who, other, amount=AMOUNTS.get(kind, (0, 0))[1]))
    return Scenario(rng.randint(2, 6), tuple(steps), seed, rng.choice(_DELAYS))


@pytest.mark.parametrize("block", range(3))
@pytest.mark.parametrize("name", _CAMPAIGNS)
def test_sessions_come_together_whatever_went_wrong(name: str, block: int) -> None:
    for seed in range(block * 20, block * 20 + 20):
        scenario = drawn(seed, _CAMPAIGNS[name])
        try:
            play(scenario)
        except AssertionError as error:
            error.add_note(f"seed {seed}: {scenario}")
            raise


_steps = st.builds(
    Step,
    kind=st.sampled_from(list(Kind)),
    after_us=st.integers(0, 1_000_000),
    peer=st.sampled_from((HOST, *range(5))),
    other=st.sampled_from((HOST, *range(5))),
    ack=st.sampled_from(list(AckLevel)),
)
_scenarios = st.builds(
    Scenario,
    players=st.integers(2, 5),
    steps=st.lists(_steps, max_size=10).map(tuple),
    seed=st.integers(0, 1_000),
    delay_us=st.sampled_from(_DELAYS),
)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(_scenarios)
def test_no_scenario_breaks_an_invariant(scenario: Scenario) -> None:
    play(scenario)


def test_a_scenario_is_the_same_run_each_time() -> None:
    scenario = drawn(3, _ALL)
    one, other = play(scenario), play(scenario)
    assert one.world.now == other.world.now and one.converged_us == other.converged_us
    for mine, theirs in zip(one.world.peers, other.world.peers, strict=True):
        assert (mine.events, mine.journal) == (theirs.events, theirs.journal)


# --- found once ---

_FOUND = {
    "receipts of what the branch held already were never given": Scenario(
        4, (Step(Kind.SUBMIT, peer=2), Step(Kind.CRASH, 60_000))
    ),
    "a host without a link dialled nobody again": Scenario(2, (Step(Kind.HALF_CLOSE, other=1),)),
    "nor did a host that had closed its last link itself": Scenario(
        2,
        (
            Step(Kind.CUT_BOTH, other=1),
            Step(Kind.KICK, 70_000, peer=1),
            Step(Kind.HEAL, 1_000_000),
        ),
    ),
    "a torn update that one peer had was lost to all": Scenario(
        5, (Step(Kind.SUBMIT, peer=2), Step(Kind.TEAR, 30_000, other=1))
    ),
}


@pytest.mark.parametrize("name", _FOUND)
def test_what_was_found_once_stays_mended(name: str) -> None:
    play(_FOUND[name])
