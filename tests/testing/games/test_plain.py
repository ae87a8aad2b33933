from __future__ import annotations

import enum
import random

import attrs

from p2pnet.testing.games.plain import (
    is_their_object,
    plain_attributes,
    shown,
    shown_apart,
    still,
    synced_values,
    told,
    whole,
)

from .mistaken import Bag, Crate, Hoarder, Miner, Stuffer


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@attrs.frozen
class Point:
    x: int
    y: list[int]


def test_equal_values_have_equal_pictures_and_others_have_not() -> None:
    pairs = [(1, 2), (1, True), (1, 1.0), ("a", b"a"), ([1], (1,)), ({1}, {2}), ({1: 2}, {1: 3})]
    pairs += [(Colour.RED, Colour.BLUE), (Point(1, [2]), Point(1, [3])), ([[1]], [[2]])]
    for one, other in pairs:
        assert still(one) == still(one) != still(other)


def test_a_picture_stays_when_the_value_changes() -> None:
    value = [Point(1, [2])]
    before = still(value)
    value[0].y.append(3)
    assert before == still([Point(1, [2])]) != still(value)


def test_orders_of_dicts_and_sets_do_not_matter() -> None:
    assert still({"a": 1, "b": 2}) == still({"b": 2, "a": 1})
    assert still(set("abc")) == still(set("cba"))


def test_what_nobody_can_compare_is_equal_to_its_like() -> None:
    assert still(random.Random(1)) == still(random.Random(2)) != still(object())


def test_a_value_that_holds_itself_comes_to_an_end() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert still(loop) == still(loop)


def test_only_what_is_not_replicated_is_a_plain_attribute() -> None:
    assert plain_attributes(Crate()) == {}
    assert set(plain_attributes(Hoarder())) == {"gold"}
    assert set(plain_attributes(Miner())) == {"sprite", "shine"}
    assert set(synced_values(Hoarder())) == {"name", "stones"}


def test_synced_values_are_what_travels() -> None:
    stuffer = Stuffer()
    before = synced_values(stuffer)
    stuffer.bag = Bag(["hat"])
    assert synced_values(stuffer) != before


def test_what_the_games_own_classes_make_is_looked_into() -> None:
    one, other = Bag(["hat"]), Bag(["hat"])
    assert still(one) == still(other) and is_their_object(one)
    other.items.append("cup")
    assert still(one) != still(other)
    assert not is_their_object(Crate()) and not is_their_object(random.Random())
    one.items.append(one)  # type: ignore[arg-type]
    assert still(one) == still(one)
    assert shown(Bag(["cup"])) == "Bag(items=['cup'])"


def test_two_long_values_are_shown_where_they_differ() -> None:
    one, other = (whole([*range(100), last]) for last in (5, 6))
    assert shown_apart(one, other) == ("…97, 98, 99, 5]", "…97, 98, 99, 6]")
    assert shown_apart("1", "2") == ("1", "2")


def test_what_is_shown_is_short() -> None:
    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError

    assert shown(Rude()) == "a Rude"
    assert len(shown("x" * 1000)) == 60
    assert told(still("hat")) == "'hat'"
    assert told(still(["hat", 2])) == "list of 'hat', 2"
    assert told(still(set())) == "an empty set"
