from __future__ import annotations

import pytest

from p2pnet.testing.games.drawn import Plan
from p2pnet.testing.games.expressions import Imports
from p2pnet.testing.games.moves import (
    CommandMove,
    Drop,
    DropMove,
    Incident,
    IncidentMove,
    Move,
    PauseMove,
)
from p2pnet.testing.games.playing import Rules, play_plan

from .mistaken import MINERS

SETTLE = PauseMove(None)


def done(peers: int, *moves: Move) -> list[str]:
    """What comes of these moves, step by step."""
    plan = Plan(peers, 0, moves)
    story = Rules(game=MINERS).play(lambda world: play_plan(world, plan), peers)
    return [step.code(Imports()).replace("world", "") for step in story.steps]


def test_numbers_are_counted_round_those_who_are_there() -> None:
    dig = CommandMove(5, "Miner", "dig", {"amount": 1, "what": "hat"})
    push = CommandMove(1, "Crate", "push", {"by": 2}, which=4)
    assert done(3, dig, push, SETTLE) == [
        '.submit("cid", "dig", amount=1, what="hat")',
        '.submit("bea", "push", on=4, by=2)',
        "await .settle()",
    ]


@pytest.mark.parametrize("drop", Drop)
def test_the_host_can_be_lost_in_every_way_again_and_again(drop: Drop) -> None:
    steps = done(3, *[DropMove(drop), SETTLE] * 3)
    lost = [step for step in steps if step != "await .settle()"]
    assert len([step for step in lost if drop.value in step]) >= 2


def test_the_last_one_is_not_lost_before_somebody_is_back() -> None:
    steps = done(2, *[DropMove(Drop.KILL), SETTLE] * 3)
    assert steps == [
        *(".kill_host()", "await .settle()", 'await .restart("ana")'),
        *(".kill_host()", "await .settle()", 'await .restart("bea")'),
        *(".kill_host()", "await .settle()"),
    ]


@pytest.mark.parametrize("incident", Incident)
def test_every_incident_can_befall_and_pass(incident: Incident) -> None:
    kill = IncidentMove(Incident.KILL_CLIENT)
    steps = done(4, kill, SETTLE, IncidentMove(incident, 1), SETTLE, IncidentMove(Incident.HEAL))
    assert len(steps) >= 4


def test_what_makes_no_sense_at_the_moment_is_left_out() -> None:
    unknown = CommandMove(0, "Miner", "fly", {})
    assert done(1, IncidentMove(Incident.KILL_CLIENT), unknown, DropMove(Drop.KILL)) == [
        'await .join("bea")',
        ".kill_host()",
    ]
