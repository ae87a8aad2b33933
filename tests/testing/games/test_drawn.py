from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2pnet import DeclarationError
from p2pnet.testing.games.drawn import Plan, plans
from p2pnet.testing.games.moves import (
    CommandMove,
    Drop,
    DropMove,
    Incident,
    IncidentMove,
    PauseMove,
)

from .mistaken import MINERS, Breeder, game_of


def drawn(**changes: Any) -> st.SearchStrategy[Plan]:
    options: dict[str, Any] = {
        "peers": [2, 3],
        "drops": [1, 2],
        "arguments": {},
        "commands": None,
        "kinds": [Drop.KILL, Drop.FREEZE],
        "incidents": [Incident.JOIN],
    }
    return plans(MINERS, **{**options, **changes})


@given(drawn())
def test_a_plan_keeps_to_what_it_was_given(plan: Plan) -> None:
    assert plan.peers in (2, 3)
    drops = [move.drop for move in plan.moves if isinstance(move, DropMove)]
    assert 1 <= len(drops) <= 2 and set(drops) <= {Drop.KILL, Drop.FREEZE}
    incidents = {move.incident for move in plan.moves if isinstance(move, IncidentMove)}
    assert incidents <= {Incident.JOIN}


@given(drawn(commands=["Miner.dig"], arguments={"Miner.dig": {"amount": st.just(7)}}))
def test_only_these_commands_with_own_arguments(plan: Plan) -> None:
    calls = [move for move in plan.moves if isinstance(move, CommandMove)]
    assert all(call.command == "dig" and call.arguments["amount"] == 7 for call in calls)


def test_all_commands_come_up() -> None:
    seen: set[str] = set()

    @settings(max_examples=60, database=None)
    @given(drawn())
    def look(plan: Plan) -> None:
        seen.update(move.command for move in plan.moves if isinstance(move, CommandMove))

    look()
    assert seen == {"dig", "push"}


def test_a_game_without_commands_still_loses_its_host() -> None:
    game = game_of(Breeder)

    @settings(max_examples=10, database=None)
    @given(plans(game, [2], [1], {}, ["Crate.push"], [Drop.KILL], []))
    def look(plan: Plan) -> None:
        assert any(isinstance(move, DropMove) for move in plan.moves)

    look()


def test_a_command_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"no command 'Miner\.fly'; there are Miner\.dig"):
        drawn(commands=["Miner.fly"])


def test_shorter_plans_come_with_the_shortest_first() -> None:
    dig = CommandMove(0, "Miner", "dig", {})
    kill, freeze, pause = DropMove(Drop.KILL), DropMove(Drop.FREEZE), PauseMove(0.5)
    moves = [kill, dig, pause, freeze]
    plans = [list(shorter.moves) for shorter in Plan(2, 0, moves).shorter()]
    assert plans[:4] == [[kill], [dig], [pause], [freeze]]
    assert plans[4:10] == [list(pair) for pair in itertools.combinations(moves, 2)]
    assert plans[10:12] == [[dig, PauseMove(None), kill], [dig, PauseMove(None), freeze]]
    assert plans[12:] == [
        [kill, dig, pause],
        [kill, dig, freeze],
        [kill, pause, freeze],
        [dig, pause, freeze],
    ]
    assert list(Plan(2, 0, []).shorter()) == []


def test_a_pause_is_less_to_understand_than_a_second_loss() -> None:
    dig, kill = CommandMove(0, "Miner", "dig", {}), DropMove(Drop.KILL)
    plans = [list(shorter.moves) for shorter in Plan(2, 0, [kill, dig, kill]).shorter()]
    assert [dig, PauseMove(None), kill] in plans
    assert [kill, dig, kill] not in plans
