from __future__ import annotations

import pytest

from p2pnet import Player
from p2pnet.testing import MistakeKind, MistakesFound
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld

from .mistaken import MINERS, Bagger, Counter, Hoarder, Keeper, Labeller, Runner, game_of, one_crate

LOST, HOST_ONLY = MistakeKind.LOST_STATE, MistakeKind.HOST_ONLY_DATA


@pytest.mark.parametrize(
    ("player", "command", "arguments", "kind", "place", "values"),
    [
        (Hoarder, "dig", [3], LOST, "Hoarder.gold", ("was 3", "has 0")),
        (Bagger, "put", ["hat"], LOST, "Bagger.bag", ("was ['hat']", "has []")),
        (Counter, "more", [], LOST, "Counter.count", ("was 1", "has 0")),
        (Runner, None, [], HOST_ONLY, "Runner.speed", ("was 1.0", "no such attribute")),
    ],
)
def test_state_that_is_not_replicated_is_named(
    player: type[Player],
    command: str | None,
    arguments: list[object],
    kind: MistakeKind,
    place: str,
    values: tuple[str, str],
) -> None:
    async def body(world: GameWorld) -> None:
        if command is not None:
            await world.call("bea", command, *arguments)
        world.kill_host()
        await world.settle()

    with pytest.raises(MistakesFound) as caught:
        Rules(game=game_of(player)).play(body, 3)
    assert caught.value.key == ((kind.value, place),)
    text = str(caught.value)
    assert all(value in text for value in values)
    assert "ana, the host" in text and "bea, the next host" in text


def test_what_is_declared_to_be_local_is_left_alone() -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", "dig", 3)
        world.kill_host()

    Rules(game=game_of(Hoarder), local=["Hoarder.gold"]).play(body, 3)


def test_what_a_tick_leaves_on_other_objects_is_named() -> None:
    async def body(world: GameWorld) -> None:
        await world.sleep(1)
        world.kill_host()
        await world.settle()

    with pytest.raises(MistakesFound, match=r"tick hook Labeller\.on_tick set it") as caught:
        Rules(game=game_of(Labeller, setup=one_crate)).play(body, 2)
    places = {place for _, place in caught.value.key}
    assert places == {"Crate.label", "Labeller.label"}


def test_a_hand_over_loses_as_much() -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", "dig", 3)
        await world.hand_over("cid")

    with pytest.raises(MistakesFound, match="cid, the next host"):
        Rules(game=game_of(Hoarder)).play(body, 3)


def test_nothing_is_lost_before_there_is_another_host() -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", "dig", 3)
        world.kill("bea")
        await world.settle()

    Rules(game=game_of(Hoarder)).play(body, 3)


def test_what_hooks_and_start_hooks_keep_on_every_peer_is_not_suspected() -> None:
    async def body(world: GameWorld) -> None:
        for _ in range(3):
            for peer in world.clients:
                await world.call(peer, "dig", 2)
            world.kill_host()
            await world.settle()

    Rules(game=MINERS).play(body, 5)


def test_what_is_kept_in_an_object_of_the_games_own_is_state_too() -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", "keep")
        world.kill_host()
        await world.settle()

    told = r"it was Bank\(gold={'all': 1}\); bea, the next host, has Bank\(gold={'all': 0}\)"
    with pytest.raises(MistakesFound, match=told):
        Rules(game=game_of(Keeper)).play(body, 2)
