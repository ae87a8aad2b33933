from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pnet.core.errors import CommandRefusal, RemoteProtocolError
from p2pnet.core.values import PeerId
from p2pnet.world.wire import (
    CALL,
    OUTCOME,
    STATE,
    UPDATE,
    Assign,
    Call,
    Despawn,
    Done,
    Edits,
    Failed,
    Op,
    Refusal,
    Refused,
    Resume,
    Rpc,
    Spawn,
    State,
    Suspend,
    Vars,
    Wrote,
    decode,
    encode,
)

OPS: list[Op] = [
    Vars(1, 3, [1.5, "a"]),
    Edits(1, 2, [(0, None, "a"), (3, 1, None)]),
    Spawn(2, 0, PeerId("ana"), [1, []]),
    Despawn(2),
    Assign(1, None),
    Suspend(PeerId("ana")),
    Resume(PeerId("ana")),
    Rpc(1, 0, None, [3]),
    Wrote(PeerId("ana"), 2, [Refusal(1, 0, "too fast")]),
]


def test_every_operation_comes_back_as_it_was() -> None:
    assert decode(UPDATE, encode(OPS), "an update") == OPS


def test_snapshots_calls_and_outcomes_come_back_as_they_were() -> None:
    state = State(3, [PeerId("ana")], [Spawn(2, 0, None, [1])], [0])
    call = Call(0, 1, 2, [1.5])
    assert decode(STATE, encode(state), "a snapshot") == state
    assert decode(CALL, encode(call), "a command") == call
    for outcome in (Done(3), Refused(CommandRefusal.NO_AUTHORITY, "no"), Failed("KeyError", "a")):
        assert decode(OUTCOME, encode(outcome), "an outcome") == outcome


def test_a_field_change_costs_few_bytes() -> None:
    assert len(encode([Vars(1, 1, [True])])) == 7


def test_raw_arguments_are_spliced_in() -> None:
    raw = Rpc(1, 0, None, msgspec.Raw(encode([1, "a"])))
    assert decode(UPDATE, encode([raw]), "an update") == [Rpc(1, 0, None, [1, "a"])]


@given(st.binary(max_size=64))
def test_bytes_of_anything_else_are_refused_with_one_error(data: bytes) -> None:
    for decoder in (UPDATE, STATE, CALL, OUTCOME):
        try:
            decode(decoder, data, "it")  # type: ignore[misc]
        except RemoteProtocolError as error:
            assert str(error).startswith("not it")  # noqa: PT017  anything else must escape


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        decode(OUTCOME, b"\x92\x00" + b"\x91" * 5000, "an outcome")
