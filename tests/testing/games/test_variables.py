from __future__ import annotations

import pytest

from p2pnet.testing import MistakeKind, MistakesFound
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import SCORES, Banker, Scorer, Ticker, game_of


async def score(world: GameWorld) -> None:
    await world.call("bea", "score", 3)


def test_state_in_a_variable_of_the_module_is_named() -> None:
    with pytest.raises(MistakesFound, match=r"The command Scorer\.score ran on the host") as caught:
        Rules(game=game_of(Scorer)).play(score, 2)
    (key,) = caught.value.key
    assert key == (MistakeKind.SHARED_VARIABLE.value, f"{Scorer.__module__}.SCORES")


def test_ticks_are_watched_too() -> None:
    async def wait(world: GameWorld) -> None:
        await world.sleep(1)

    with pytest.raises(MistakesFound, match=r"The tick hook Ticker\.on_tick ran on the host"):
        Rules(game=game_of(Ticker)).play(wait, 2)


@pytest.mark.parametrize(
    ("command", "place"), [("pay", "BANK"), ("draw", "NUMBERS"), ("open", "Bank.accounts")]
)
def test_what_the_games_own_classes_hold_is_looked_into(command: str, place: str) -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", command)

    with pytest.raises(MistakesFound) as caught:
        Rules(game=game_of(Banker)).play(body, 2)
    whole = place if "." in place else f"{Banker.__module__}.{place}"
    assert caught.value.key == ((MistakeKind.SHARED_VARIABLE.value, whole),)


def test_what_a_hook_shows_is_each_peers_own() -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", "look")

    Rules(game=game_of(Banker)).play(body, 2)


@pytest.mark.parametrize("command", ["pay", "draw", "open"])
def test_each_story_begins_with_them_as_they_were(command: str) -> None:
    """Else the shortest story that fails is one that fails only after another."""

    async def body(world: GameWorld) -> None:
        await world.call("bea", command)

    told = set()
    for _ in range(2):
        with pytest.raises(MistakesFound) as caught:
            Rules(game=game_of(Banker)).play(body, 2)
        told.add(str(caught.value))
    assert len(told) == 1


def test_who_has_a_variable_by_another_name_sees_it_put_back_too() -> None:
    SCORES.clear()
    with pytest.raises(MistakesFound):
        Rules(game=game_of(Scorer)).play(score, 2)
    assert SCORES == {}


def test_it_may_be_meant() -> None:
    SCORES.clear()
    Rules(game=game_of(Scorer), local=[f"{Scorer.__module__}.SCORES"]).play(score, 2)
    assert SCORES, "what is meant is left alone"
