"""The states of a peer, and the only table of moves between them.

Two rules:

1. Every change of state goes through `after`. Nothing else may set a state.
2. This file knows no frame, no timer and no link. It says what may follow what, and no more.

The diagram in the documentation is drawn from `TABLE`.
"""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import Final

from .errors import LocalProtocolError


class Role(enum.StrEnum):
    """What a peer does for the session."""

    HOST = "host"
    CLIENT = "client"


class State(enum.StrEnum):
    """What a peer is at."""

    IDLE = "idle"  # in no session yet
    JOINING = "joining"  # asked a host for a seat, or for its own seat back; applies nothing
    FOLLOWING = "following"  # welcomed: takes updates as they come
    DOUBTING = "doubting"  # lost the host, waits for a better-ranked peer or a promised one
    CLAIMING = "claiming"  # asked the others for the host role
    PULLING = "pulling"  # granted, but somebody is ahead: fetches what it lacks
    ISOLATED = "isolated"  # others hear the host, this peer does not
    REIGNING = "reigning"  # the host
    HANDING_OVER = "handing_over"  # a host that named its successor and waits for its crown
    YIELDING = "yielding"  # a host that met a better reign and waits to be taken in
    PROBATION = "probation"  # a host that overslept: orders nothing until it knows that it rules
    LEFT = "left"  # out of the session for good


JOINING: Final = State.JOINING
FOLLOWING: Final = State.FOLLOWING
REIGNING: Final = State.REIGNING
# They are asked for with every frame and at every wake. Before Python 3.12 it takes longer to look
# a member up in its enum than to call a function, or two.


class Move(enum.StrEnum):
    """What takes a peer from one state to another."""

    FOUND = "found"  # open a session of one's own
    JOIN = "join"  # dial somebody else's session
    WELCOMED = "welcomed"  # the host's welcome was taken in
    REJOIN = "rejoin"  # missed something, or the host asks for it: get the seat back first
    LOSE_HOST = "lose_host"  # the host's link closed, or went silent
    CLAIM = "claim"  # nobody better is left
    WITHDRAW = "withdraw"  # somebody else has the word of the others
    PULL = "pull"  # a grantor has a newer history
    CROWN = "crown"  # nothing stands in the way, or the host handed over
    ISOLATE = "isolate"  # somebody has fresh proof that the host lives
    HAND_OVER = "hand_over"  # the host names its successor
    YIELD = "yield"  # the verdict went against this host's reign
    OVERSLEEP = "oversleep"  # the process stood still for longer than others wait
    CONFIRM = "confirm"  # nobody took this host's place after all
    ADOPT = "adopt"  # a newer reign was announced: follow it
    CONCEDE = "concede"  # a host of an old reign meets a claim on a newer one
    LEAVE = "leave"  # by one's own wish, or removed, or denied


_S, _M = State, Move

TABLE: Final[MappingProxyType[State, MappingProxyType[Move, State]]] = MappingProxyType(
    {
        state: MappingProxyType(moves)
        for state, moves in {
            _S.IDLE: {
                _M.FOUND: _S.REIGNING,
                _M.JOIN: _S.JOINING,
                _M.LEAVE: _S.LEFT,
            },
            _S.JOINING: {
                _M.WELCOMED: _S.FOLLOWING,
                _M.REJOIN: _S.JOINING,
                _M.ADOPT: _S.JOINING,
                _M.LOSE_HOST: _S.DOUBTING,
                _M.LEAVE: _S.LEFT,
            },
            _S.FOLLOWING: {
                _M.CROWN: _S.REIGNING,
                _M.REJOIN: _S.JOINING,
                _M.ADOPT: _S.JOINING,
                _M.LOSE_HOST: _S.DOUBTING,
                _M.LEAVE: _S.LEFT,
            },
            _S.DOUBTING: {
                _M.ISOLATE: _S.ISOLATED,
                _M.CLAIM: _S.CLAIMING,
                _M.REJOIN: _S.JOINING,
                _M.ADOPT: _S.JOINING,
                _M.LEAVE: _S.LEFT,
            },
            _S.CLAIMING: {
                _M.PULL: _S.PULLING,
                _M.CROWN: _S.REIGNING,
                _M.WITHDRAW: _S.DOUBTING,
                _M.ISOLATE: _S.ISOLATED,
                _M.REJOIN: _S.JOINING,
                _M.ADOPT: _S.JOINING,
                _M.LEAVE: _S.LEFT,
            },
            _S.PULLING: {
                _M.CROWN: _S.REIGNING,
                _M.WITHDRAW: _S.DOUBTING,
                _M.ISOLATE: _S.ISOLATED,
                _M.REJOIN: _S.JOINING,
                _M.ADOPT: _S.JOINING,
                _M.LEAVE: _S.LEFT,
            },
            _S.ISOLATED: {
                _M.CLAIM: _S.CLAIMING,
                _M.WITHDRAW: _S.DOUBTING,
                _M.REJOIN: _S.JOINING,
                _M.ADOPT: _S.JOINING,
                _M.LEAVE: _S.LEFT,
            },
            _S.REIGNING: {
                _M.HAND_OVER: _S.HANDING_OVER,
                _M.YIELD: _S.YIELDING,
                _M.OVERSLEEP: _S.PROBATION,
                _M.ADOPT: _S.JOINING,
                _M.CONCEDE: _S.DOUBTING,
                _M.LEAVE: _S.LEFT,
            },
            _S.HANDING_OVER: {
                _M.ADOPT: _S.JOINING,
                _M.CONCEDE: _S.DOUBTING,
                _M.LEAVE: _S.LEFT,
            },
            _S.YIELDING: {
                _M.CONFIRM: _S.REIGNING,
                _M.ADOPT: _S.JOINING,
                _M.CONCEDE: _S.DOUBTING,
                _M.LEAVE: _S.LEFT,
            },
            _S.PROBATION: {
                _M.OVERSLEEP: _S.PROBATION,
                _M.YIELD: _S.YIELDING,
                _M.CONFIRM: _S.REIGNING,
                _M.ADOPT: _S.JOINING,
                _M.CONCEDE: _S.DOUBTING,
                _M.LEAVE: _S.LEFT,
            },
            _S.LEFT: {
                _M.LEAVE: _S.LEFT,
            },
        }.items()
    }
)

ROLES: Final[MappingProxyType[State, Role | None]] = MappingProxyType(
    {
        _S.IDLE: None,
        _S.JOINING: Role.CLIENT,
        _S.FOLLOWING: Role.CLIENT,
        _S.DOUBTING: Role.CLIENT,
        _S.CLAIMING: Role.CLIENT,
        _S.PULLING: Role.CLIENT,
        _S.ISOLATED: Role.CLIENT,
        _S.REIGNING: Role.HOST,
        _S.HANDING_OVER: Role.HOST,
        _S.YIELDING: Role.HOST,
        _S.PROBATION: Role.HOST,
        _S.LEFT: None,
    }
)

SETTLED: Final = frozenset({_S.FOLLOWING, _S.REIGNING})
"""The states in which the game goes on."""

HOSTLESS: Final = frozenset({_S.DOUBTING, _S.CLAIMING, _S.PULLING, _S.ISOLATED})
"""The states in which the host is lost and no other is known."""


def after(state: State, move: Move) -> State:
    """The state that `move` leads to.

    Raises `LocalProtocolError` for a move that the table does not have.
    """
    try:
        return TABLE[state][move]
    except KeyError:
        raise LocalProtocolError(f"can't {move.value} while {state.value}") from None
