from __future__ import annotations

import itertools

import pytest

from p2pnet.core.errors import LocalProtocolError
from p2pnet.core.states import HOSTLESS, ROLES, TABLE, Move, Role, State, after

LEGAL = {(state, move) for state, moves in TABLE.items() for move in moves}


@pytest.mark.parametrize(
    ("state", "move"),
    [pair for pair in itertools.product(State, Move) if pair not in LEGAL],
    ids=lambda part: part.value,
)
def test_a_move_that_the_table_does_not_have_raises(state: State, move: Move) -> None:
    with pytest.raises(LocalProtocolError, match=f"can't {move.value} while {state.value}"):
        after(state, move)


def test_every_state_has_its_moves_and_its_role() -> None:
    assert set(TABLE) == set(ROLES) == set(State)
    assert {move for moves in TABLE.values() for move in moves} == set(Move)


def test_every_state_can_be_reached() -> None:
    reached, todo = {State.IDLE}, [State.IDLE]
    while todo:
        for state in TABLE[todo.pop()].values():
            if state not in reached:
                reached.add(state)
                todo.append(state)
    assert reached == set(State)


def test_there_is_no_way_back_into_a_session() -> None:
    assert set(TABLE[State.LEFT].values()) == {State.LEFT}


def test_every_state_can_leave() -> None:
    assert all(moves[Move.LEAVE] is State.LEFT for moves in TABLE.values())


def test_nobody_becomes_the_host_without_a_crown_or_a_session_of_its_own() -> None:
    ways = {
        move
        for state, moves in TABLE.items()
        for move, target in moves.items()
        if ROLES[state] is not Role.HOST and ROLES[target] is Role.HOST
    }
    assert ways == {Move.FOUND, Move.CROWN}


def test_who_has_no_host_is_a_client() -> None:
    assert {ROLES[state] for state in HOSTLESS} == {Role.CLIENT}


def test_the_table_can_not_be_changed() -> None:
    with pytest.raises(TypeError):
        TABLE[State.LEFT][Move.JOIN] = State.JOINING  # type: ignore[index]
