from __future__ import annotations

import pytest
from hypothesis import settings

from p2pnet.testing import HostDropMachine, MistakeKind, MistakesFound
from p2pnet.testing.games.tries import Tries

from .mistaken import Absentee, game_of


def tried(runs: int, slips: int, error: Exception) -> Tries:
    tries = Tries()
    for number in range(runs):
        tries.ran("Tank.fire")
        if number < slips:
            tries.raised("Tank.fire", error, "it raised")
    return tries


def test_only_a_command_that_never_comes_through_is_named() -> None:
    slip = AttributeError("no nursery")
    (mistake,) = tried(3, 3, slip).mistakes()
    assert mistake.place == "Tank.fire" and "3 times" in mistake.evidence
    assert not list(tried(3, 2, slip).mistakes())
    assert not list(tried(2, 2, slip).mistakes())  # that may be chance
    assert not list(tried(9, 9, ValueError("too far")).mistakes())  # that are the arguments


def test_stories_are_added_up() -> None:
    slip, tries = TypeError("no"), Tries()
    for _ in range(3):
        tries.add(tried(1, 1, slip))
    assert len(list(tries.mistakes())) == 1
    tries.add(tried(1, 0, slip))
    assert not list(tries.mistakes())


def test_a_machine_says_so() -> None:
    class TestAbsentee(HostDropMachine):
        game = game_of(Absentee)
        commands = ("Absentee.light",)
        settings = settings(max_examples=10, database=None, derandomize=True)

    told = r"raised AttributeError on \w+, the host: 'NoneType' object has no attribute"
    with pytest.raises(MistakesFound, match=told) as caught:
        TestAbsentee().test_survives_host_drops()  # type: ignore[attr-defined]
    assert caught.value.key == ((MistakeKind.NEVER_WORKS.value, "Absentee.light"),)

    class TestMeant(TestAbsentee):
        local = ("Absentee.light",)

    TestMeant().test_survives_host_drops()  # type: ignore[attr-defined]
