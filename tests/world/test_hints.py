from __future__ import annotations

import dataclasses
import enum
import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pnet.core.errors import DeclarationError
from p2pnet.core.values import PeerId
from p2pnet.world import NetworkObject, networked
from p2pnet.world.hints import ENCODER, Misfit, custom_wire_type, resolve_hint, wire_type
from tests.world.tanks import Colour, Point


class Level(enum.IntEnum):
    LOW = 1


@attrs.frozen
class Tree:
    name: str
    children: tuple[Tree, ...] = ()


@attrs.define
class Open:
    x: int = 0


class Power(enum.Flag):
    SHIELD = 1
    TURBO = 2


class Pair(NamedTuple):
    a: int
    b: str


@dataclasses.dataclass(frozen=True)
class Data:
    a: int


class Frozen(msgspec.Struct, frozen=True):
    a: int


class Stranger:
    pass


def wire(hint: Any, mutable: bool = False) -> Any:
    return wire_type(hint, "Tank.x", mutable)


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (int, 3),
        (int, -(2**63)),
        (float, math.inf),
        (str, "smørrebrød"),
        (bool, True),
        (bytes, b"\x00"),
        (None, None),
        (int | None, None),
        (int | str, "a"),
        (Colour, Colour.BLUE),
        (Colour | None, Colour.RED),
        (Point, Point(1.0, 2.0)),
        (tuple[Point, ...], (Point(1.0, 2.0),)),
        (tuple[int, str], (1, "a")),
        (frozenset[str], frozenset({"a", "b"})),
        (Tree, Tree("a", (Tree("b"),))),
        (datetime, datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC)),
        (datetime, datetime(2024, 1, 2, 3, 4)),
        (timedelta, timedelta(seconds=3)),
        (PeerId, "ana"),
        (Literal["a", "b"], "b"),
        (Pair, Pair(1, "a")),
        (Data, Data(1)),
        (Frozen, Frozen(1)),
        (UUID, UUID(int=7)),
        (Decimal, Decimal("1.5")),
        (Power, Power.SHIELD | Power.TURBO),
    ],
)
def test_a_value_that_fits_arrives_as_it_was(hint: Any, value: Any) -> None:
    found = wire(hint)
    kept = found.check(value)
    arrived = found.load(msgspec.msgpack.decode(ENCODER.encode(kept)))
    assert kept == value
    assert (type(arrived), arrived) == (type(value), value)


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (int, "3"),
        (int, True),
        (int, 1.0),
        (int, 2**64),
        (float, "1"),
        (float, True),
        pytest.param(float, 10**400, id="huge"),
        (str, 1),
        (str, "\ud800"),
        (bool, 1),
        (bytes, "a"),
        (Literal["a", "b"], "c"),
        (int | None, "a"),
        (Colour, "red"),
        (Point, (1.0, 2.0)),
        (Point, {"x": 1.0, "y": 2.0}),
        (Point, Point("a", 2.0)),  # type: ignore[arg-type]
        (tuple[int, ...], [1]),
        (tuple[int, ...], ("a",)),
        (datetime, "2024-01-02T03:04:05Z"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(hint: Any, value: Any) -> None:
    with pytest.raises(Misfit):
        wire(hint).check(value)


def test_the_complaint_names_what_was_expected_and_what_came() -> None:
    with pytest.raises(Misfit, match=r"expected float \| none, got 'abc' \(str\)"):
        wire(float | None).check("abc")


def test_an_int_is_kept_as_a_float_where_a_float_is_declared() -> None:
    kept = wire(float).check(3)
    assert type(kept) is float and kept == 3.0
    assert wire(tuple[float, ...]).check((1, 2)) == (1.0, 2.0)
    assert type(wire(tuple[float, ...]).check((1, 2))[0]) is float


def test_one_usual_type_needs_no_loading_and_nothing_else_does_without() -> None:
    assert [wire(hint).plain for hint in (float, int, str, bool, bytes)] == [
        *(float, int, str, bool, bytes)
    ]
    small = Annotated[int, msgspec.Meta(lt=9)]
    for hint in (float | None, small, tuple[int, ...], Literal[1, 2]):
        assert wire(hint).plain is None


def test_subclasses_of_plain_values_are_kept_plain() -> None:
    class Metres(float):
        pass

    assert type(wire(int).check(Level.LOW)) is int
    assert type(wire(float).check(Metres(2.5))) is float


def test_a_time_zone_is_kept_as_it_will_arrive() -> None:
    there = datetime(2024, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    kept = wire(datetime).check(there)
    assert kept == there and kept.hour == 10


def test_a_not_a_number_fits_inside_a_value() -> None:
    kept = wire(tuple[float, ...]).check((math.nan,))
    assert math.isnan(kept[0])


def test_equal_values_of_different_types_are_not_the_same() -> None:
    found = wire(int | bool)
    assert not found.same(1, True)
    assert found.same(1, 1)


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        (list[int], "sync_list"),
        (dict[str, int], "sync_dict"),
        (set[int], "sync_set"),
        (tuple[list[int], ...], "SyncList"),
        (Open, "make it frozen"),
        (Any, "Any says nothing"),
        (object, "can't travel"),
        (Stranger, "encode="),
        (int | Stranger, "custom type"),
        (msgspec.Raw, "msgspec.Raw"),
    ],
)
def test_what_can_not_travel_is_refused_with_a_way_out(hint: Any, text: str) -> None:
    with pytest.raises(DeclarationError, match=r"Tank\.x") as caught:
        wire(hint)
    assert text in str(caught.value)


def test_a_networked_object_can_not_travel_itself() -> None:
    @networked
    class Rock(NetworkObject):
        pass

    with pytest.raises(DeclarationError, match="object_id"):
        wire(Rock | None)


def test_arguments_may_be_mutable() -> None:
    found = wire(list[Open], mutable=True)
    value = [Open(1)]
    kept = found.check(value)
    assert kept == value and kept is not value


def test_constraints_of_msgspec_hold() -> None:
    from typing import Annotated

    found = wire(Annotated[int, msgspec.Meta(ge=0)])
    assert found.check(3) == 3
    with pytest.raises(Misfit):
        found.check(-1)
    with pytest.raises(Misfit):
        found.load(-1)


def test_texts_tell_the_shape_and_not_the_module() -> None:
    assert wire(Point | None).text == "Point(x:float,y:float) | none"
    assert wire(Colour).text == "Colour{RED='red',BLUE='blue'}"
    assert wire(Tree).text == "Tree(name:str,children:vartuple[Tree])"


def test_custom_functions_carry_any_type() -> None:
    found = custom_wire_type(complex, lambda c: (c.real, c.imag), lambda raw: complex(*raw))
    assert found.check(1j) == 1j
    assert found.load([0.0, 1.0]) == 1j
    assert found.same(1j, 1j) and not found.same(1j, 2j)
    with pytest.raises(Misfit, match="can't take 'a'"):
        found.check("a")
    with pytest.raises(Misfit, match="can't take"):
        found.load("no")


def test_an_unknown_name_is_explained() -> None:
    with pytest.raises(DeclarationError, match=r"names 'Missing'.*above the class"):
        resolve_hint("Missing | None", {}, {}, "Tank.x")
    assert resolve_hint("int | None", {}, {}, "Tank.x") == int | None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_what_passes_the_check_of_a_union_can_be_encoded_and_comes_back(value: Any) -> None:
    found = wire(int | float | str | bool | None)
    try:
        kept = found.check(value)
    except Misfit:
        return
    arrived = found.load(msgspec.msgpack.decode(ENCODER.encode(kept)))
    assert type(arrived) is type(kept)
    assert arrived == kept or (math.isnan(kept) and math.isnan(arrived))
