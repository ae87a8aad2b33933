from __future__ import annotations

import traceback

import pytest

from p2pnet.testing.games.moves import Drop
from p2pnet.testing.games.playing import (
    DropPlan,
    PlannedDrop,
    Rules,
    first_failure,
    play_story,
    play_with_drops,
)
from p2pnet.testing.games.story import Step, Story
from p2pnet.testing.games.world import GameWorld

from .mistaken import MINERS

RULES = Rules(game=MINERS)


async def fail(world: GameWorld) -> None:
    world.kill_host()
    await world.settle()
    raise ZeroDivisionError


def test_a_failure_comes_out_as_it_is_with_the_story_and_the_author_s_own_lines() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        RULES.play(fail, 3, seed=2)
    (note,) = caught.value.__notes__
    assert "@simulated(MINERS, peers=3, seed=2)" in note
    assert "    world.kill_host()\n    await world.settle()" in note
    frames = traceback.extract_tb(caught.value.__traceback__)
    own = [frame.name for frame in frames if "p2pnet/testing" in frame.filename]
    assert frames[-1].name == "fail" and own == ["play"]


def test_the_same_story_is_the_same_each_time() -> None:
    async def body(world: GameWorld) -> None:
        for peer in world.peers:
            world.submit(peer, "dig", 1)
        world.kill_host()
        await world.settle()
        digests.append((world.now_s, world.host.digest))

    digests: list[tuple[float, bytes]] = []
    for seed in (1, 1, 2):
        RULES.play(body, 4, seed)
    assert digests[0] == digests[1] != digests[2]


def test_a_story_can_be_played_again() -> None:
    steps = (
        Step("submit", ("bea", "dig"), {"amount": 3}),
        Step("call", ("ana", "dig", 2)),
        Step("kill_host"),
        Step("settle"),
    )
    again = RULES.play(lambda world: play_story(world, Story(2, 0, steps)), 2)
    assert again.steps == steps


@pytest.mark.parametrize("drop", [Drop.KILL, Drop.VANISH, Drop.FREEZE, Drop.HAND_OVER])
def test_hosts_are_lost_beside_a_function_and_come_back(drop: Drop) -> None:
    async def body(world: GameWorld) -> None:
        await world.call("cid", "dig", 5)
        await world.settle()
        hosts.append(world.host.name)
        assert len(world.peers) == 3
        assert sum(miner.gold for miner in world.players) == 5

    hosts: list[str] = []
    drops = [PlannedDrop(drop, 0.01), PlannedDrop(drop, 0.5)]
    RULES.play(lambda world: play_with_drops(world, body, drops), 3)
    assert hosts != ["ana"] or drop is Drop.HAND_OVER


def test_a_shorter_plan_lacks_one_drop() -> None:
    one, two = PlannedDrop(Drop.KILL, 0.0), PlannedDrop(Drop.FREEZE, 1.0)
    assert [plan.drops for plan in DropPlan(2, 0, [one, two]).shorter()] == [[one], [two]]


def test_the_first_error_of_a_group_counts() -> None:
    inner = ValueError()
    assert first_failure(ExceptionGroup("", [ExceptionGroup("", [inner])])) is inner
    assert first_failure(inner) is inner
