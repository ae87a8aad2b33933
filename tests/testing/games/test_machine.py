from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from p2pnet import DeclarationError
from p2pnet.testing import GameWorld, HostDropMachine, MistakesFound, host_drops, simulated

from .mistaken import MINERS, Champion, Hoarder, Miner, game_of

FEW = settings(max_examples=12, database=None, derandomize=True)


def gold_is_what_was_dug(world: GameWorld) -> None:
    assert all(miner.gold >= 0 for miner in world.all(Miner))


class TestMiners(HostDropMachine):
    game = MINERS
    invariants = [gold_is_what_was_dug]
    arguments = {"Miner.dig": {"amount": st.integers(0, 5)}}
    settings = FEW


class Hoarders(HostDropMachine):
    game = game_of(Hoarder)
    settings = FEW


class TestTamed(Hoarders):
    local = ["Hoarder.gold"]


def play(machine: Any) -> None:
    machine().test_survives_host_drops()


def test_a_machine_finds_a_mistake_and_tells_the_shortest_story() -> None:
    with pytest.raises(MistakesFound, match=r"Hoarder\.gold: state outside") as caught:
        play(Hoarders)
    (note,) = caught.value.__notes__
    story = note[note.index("async def") :].strip().splitlines()[1:]
    assert 2 <= len(story) <= 3 and "dig" in story[0]


def test_a_machine_without_a_game_has_nothing_to_test() -> None:
    class Abstract(HostDropMachine):
        invariants = [gold_is_what_was_dug]

    assert not hasattr(Abstract, "test_survives_host_drops")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("peers", range(3), "peers=range"),
        ("drops", [], "drops=.*at least 0"),
        ("commands", ["Miner.fly"], "no command 'Miner.fly'"),
        ("kinds", ["explode"], "kinds: 'explode' is not a valid Drop; give some of kill, vanish"),
        ("incidents", ["rain"], "incidents: 'rain' is not"),
        ("arguments", {"Miner.fly": {}}, "no command 'Miner.fly'"),
    ],
)
def test_what_can_t_be_drawn_is_refused_where_it_is_declared(
    name: str, value: object, text: str
) -> None:
    with pytest.raises(DeclarationError, match=text):
        type("Wrong", (HostDropMachine,), {"game": MINERS, name: value})


@host_drops(MINERS, peers=range(2, 5), drops=range(1, 3), settings=FEW)
async def test_what_is_acknowledged_is_kept(world: GameWorld) -> None:
    dug = 0
    for peer in world.clients:
        dug += 1
        assert await peer.player.dig(1) >= 1  # type: ignore[union-attr]
    await world.settle()
    assert sum(miner.gold for miner in world.all(Miner)) == dug


@host_drops(MINERS, peers=3, drops=[("kill", 0.0), ("freeze", 0.2)], seed=3)
async def test_drops_can_be_given_one_by_one(world: GameWorld, tmp_path: Path) -> None:
    assert tmp_path.is_absolute()  # a fixture of pytest
    await world.settle()
    assert world.host.name != "ana"


class TestInAClass:
    @host_drops(MINERS, peers=2, drops=1, settings=FEW)
    async def test_method(self, world: GameWorld) -> None:
        assert isinstance(self, TestInAClass)


@simulated(MINERS, peers=3, seed=1)
async def test_one_story(world: GameWorld) -> None:
    assert await world.call("bea", "dig", 1) == 1


def test_a_failing_function_says_how_the_host_was_lost() -> None:
    @host_drops(game_of(Champion), peers=2, drops=1, settings=FEW)
    async def dig(world: GameWorld) -> None:
        await world.call("ana", "dig", 1)
        await world.sleep(1)

    with pytest.raises(MistakesFound, match=r"Champion\.gold_changed") as caught:
        dig()
    (note,) = caught.value.__notes__
    assert "@host_drops(game, peers=2, seed=0, drops=[" in note


def test_what_is_made_is_a_plain_function() -> None:
    assert not inspect.iscoroutinefunction(test_one_story)
    parameters = inspect.signature(test_drops_can_be_given_one_by_one).parameters
    assert list(parameters) == ["tmp_path"]


@pytest.mark.parametrize("decorate", [host_drops(MINERS), simulated(MINERS)])
def test_only_coroutine_functions_with_a_world_will_do(decorate: Any) -> None:
    def plain(world: GameWorld) -> None: ...

    async def lonely() -> None: ...

    with pytest.raises(DeclarationError, match="'plain' has to be an `async def`"):
        decorate(plain)
    with pytest.raises(DeclarationError, match="lonely has to take a parameter"):
        decorate(lonely)
