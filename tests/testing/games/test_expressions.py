from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from dataclasses import dataclass
from typing import Any, NamedTuple

import attrs
import msgspec
import pytest

from p2pnet import Game, Player, networked
from p2pnet.testing.games.expressions import Imports, code_of, name_of, place_of

from .mistaken import MINERS


class Colour(enum.Flag):
    RED = 1
    BLUE = 2


@attrs.frozen
class Point:
    _x: int
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Line:
    start: Point


class Shape(msgspec.Struct, frozen=True):
    lines: tuple[Line, ...]


class Pair(NamedTuple):
    left: object
    right: object


VALUES: list[Any] = [
    *(1, "a", "a'b", 'a"b', "a\nb", (1,), (1, 2), [1.5, None], {1}, frozenset({2}), [], ()),
    {"a": (True,)},
    Colour.RED | Colour.BLUE,
    Colour(0),
    Shape((Line(Point(3, Colour.BLUE)),)),
    Pair(decimal.Decimal("0.1"), uuid.UUID(int=5)),
    [datetime.datetime(2020, 1, 2), datetime.timedelta(seconds=3)],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_are_written_as_code_with_all_that_it_needs(value: Any) -> None:
    imports = Imports()
    code = code_of(value, imports)
    names: dict[str, Any] = {}
    exec("\n".join(imports.lines), names)
    assert eval(code, names) == value


def test_what_is_no_number_is_written_too() -> None:
    assert code_of(float("inf"), Imports()) == 'float("inf")'


def test_a_function_is_known_by_a_name_that_can_be_imported() -> None:
    imports = Imports()
    assert name_of(lambda world: True, imports) is None
    assert name_of(test_what_is_no_number_is_written_too, imports)
    assert imports.lines == [f"from {__name__} import test_what_is_no_number_is_written_too"]


def test_a_game_is_found_where_its_player_is_or_elsewhere() -> None:
    assert place_of(MINERS) == (MINERS.player.__module__, "MINERS")
    assert place_of(ELSEWHERE) == (__name__, "ELSEWHERE")

    @networked
    class Nobody(Player):
        pass

    assert place_of(Game("nobody", player=Nobody)) == ("", "game")


ELSEWHERE = Game("elsewhere", player=MINERS.player, objects=MINERS.objects)
