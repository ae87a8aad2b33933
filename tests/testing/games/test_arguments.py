from __future__ import annotations

import datetime
import enum
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import annotated_types
import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pnet import DeclarationError, Game, Player, command, networked
from p2pnet.testing.games.arguments import check_arguments, command_arguments
from p2pnet.world.calls import CallSpec


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Point:
    x: int
    y: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Pair(NamedTuple):
    left: str
    right: bool


class Extra(TypedDict):
    at: int


@attrs.frozen
class Tree:
    leaves: list[Tree]


@networked
class Everything(Player):
    @command
    def plain(self, a: int, b: float, c: str, d: bool, e: bytes, f: None) -> None: ...

    @command
    def nested(
        self,
        a: list[int],
        b: dict[str, Point],
        c: tuple[int, str],
        d: tuple[Colour, ...],
        e: set[int],
        f: frozenset[str],
        g: Pair | None,
        i: Extra,
        j: Literal["x", 2],
        k: datetime.datetime,
    ) -> None: ...

    @command
    def bounded(
        self,
        a: Annotated[int, msgspec.Meta(ge=3, lt=6)],
        b: Annotated[int, msgspec.Meta(gt=100)],
        c: Annotated[int, msgspec.Meta(le=-100, multiple_of=7)],
        d: Annotated[float, msgspec.Meta(gt=0, le=2)],
        e: Annotated[str, msgspec.Meta(min_length=20, max_length=21)],
        f: Annotated[str, msgspec.Meta(pattern="^[ab]{2}$")],
        g: Annotated[int, annotated_types.Ge(5), annotated_types.Le(7)],
        h: Annotated[int, st.sampled_from([11, 13])],
        i: Annotated[list[int], msgspec.Meta(min_length=2, max_length=2)],
        j: Annotated[int, "in metres"],
        k: Annotated[bytes, msgspec.Meta(max_length=1)],
        m: Annotated[int, msgspec.Meta(ge=0, le=12, multiple_of=5)],
    ) -> None: ...

    @command
    def endless(self, a: Tree) -> None: ...


GAME = Game("everything", player=Everything)


def spec(name: str) -> CallSpec:
    return Everything.__layout__.call_of[name]


@pytest.mark.parametrize("name", ["plain", "nested", "bounded"])
def test_what_is_drawn_can_travel(name: str) -> None:
    """Each argument is taken as it is by the check that the game's own calls go through."""

    @given(command_arguments(spec(name), {}))
    def every(arguments: dict[str, Any]) -> None:
        assert list(arguments) == [parameter.name for parameter in spec(name).parameters]
        assert spec(name).bind([], arguments) == list(arguments.values())

    every()


@given(command_arguments(spec("bounded"), {}))
def test_bounds_are_kept(arguments: dict[str, Any]) -> None:
    a, b, c, d, e, f, g, h, i, _, k, m = arguments.values()
    assert 3 <= a < 6
    assert b > 100
    assert c <= -100 and c % 7 == 0
    assert 0 < d <= 2
    assert 20 <= len(e) <= 21
    assert len(f.strip()) == 2
    assert 5 <= g <= 7
    assert h in (11, 13)
    assert len(i) == 2
    assert len(k) <= 1
    assert m in (0, 5, 10)


@given(command_arguments(spec("plain"), {}))
def test_what_has_no_bounds_stays_small_enough_to_be_added_up(arguments: dict[str, Any]) -> None:
    assert abs(arguments["a"]) < 2**31
    assert abs(arguments["b"]) <= 1e6
    assert len(arguments["c"]) <= 8


def test_own_strategies_take_the_place_of_those_of_annotations() -> None:
    @given(command_arguments(spec("plain"), {"a": st.just(77)}))
    def every(arguments: dict[str, Any]) -> None:
        assert arguments["a"] == 77

    every()


def test_a_type_that_has_no_end_needs_a_strategy() -> None:
    with pytest.raises(DeclarationError, match=r"Everything\.endless\(a\): no values of Tree"):
        command_arguments(spec("endless"), {})
    command_arguments(spec("endless"), {"a": st.just(Tree([]))})


def test_names_that_the_game_does_not_have_are_refused() -> None:
    with pytest.raises(DeclarationError, match=r"no command 'Everything\.fly'; there are Every"):
        check_arguments(GAME, {"Everything.fly": {}})
    with pytest.raises(DeclarationError, match="has no parameter 'z'; it has a, b"):
        check_arguments(GAME, {"Everything.plain": {"z": st.none()}})
    check_arguments(GAME, {"Everything.plain": {"a": st.none()}})
