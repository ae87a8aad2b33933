from __future__ import annotations

import pytest

from p2pnet import CommandFailed, LocalProtocolError, Role, SessionOver, Settings
from p2pnet.testing.games.expressions import Imports
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.world import GameWorld, InvariantBroken

from .mistaken import MINERS, Crate, Miner

RULES = Rules(game=MINERS)


def gold(world: GameWorld) -> dict[str, int]:
    return {miner.name: miner.gold for miner in world.all(Miner)}


def test_a_killed_host_is_replaced_and_comes_back_with_its_player() -> None:
    async def body(world: GameWorld) -> None:
        assert world.host.name == "ana"
        assert await world.call("bea", "dig", 3) == 3
        assert await world.call("ana", "dig", 2) == 2
        world.kill_host()
        assert world.gone == ["ana"]
        await world.settle()
        assert world.host.name == "bea"
        ana = await world.restart("ana")
        assert ana.role is Role.CLIENT and world["ana"] is ana
        await world.settle()
        assert gold(world) == {"ana": 2, "bea": 3, "cid": 0}

    RULES.play(body, 3)


@pytest.mark.parametrize("how", ["vanish", "isolate", "freeze"])
def test_a_silent_host_is_replaced(how: str) -> None:
    async def body(world: GameWorld) -> None:
        getattr(world, how)("ana")
        await world.settle()
        assert world["bea"].role is Role.HOST
        if how == "vanish":
            return
        world.heal()
        await world.settle()
        assert [peer.name for peer in world.clients] == ["ana", "cid"]

    RULES.play(body, 3)


def test_one_who_sleeps_finds_what_has_happened() -> None:
    async def body(world: GameWorld) -> None:
        world.freeze("cid")
        assert world["cid"] in world.peers and world["cid"] not in world.awake
        await world.call("bea", "dig", 4)
        with pytest.raises(LocalProtocolError, match="cid stands still"):
            await world.leave("cid")
        world.wake("cid")
        await world.settle()
        assert [miner.gold for miner in world["cid"].objects.values() if isinstance(miner, Miner)]

    RULES.play(body, 3)


def test_halves_play_on_and_come_together() -> None:
    async def body(world: GameWorld) -> None:
        world.partition(["ana", "bea"], ["cid", "dan", "eve"])
        await world.settle()
        roles = [world[name].role for name in ("ana", "cid")]
        assert roles == [Role.HOST, Role.HOST]
        world.heal()
        await world.settle()
        assert len(world.clients) == 4

    RULES.play(body, 5)


def test_sides_that_gave_up_one_another_s_seats_meet_again() -> None:
    async def body(world: GameWorld) -> None:
        world.isolate("ana")
        await world.settle()
        world.heal()
        await world.settle()
        assert [peer.name for peer in world.peers] == ["ana", "bea", "cid"]
        assert len(world.players) == 3

    Rules(game=MINERS, settings=Settings(seat_us=500_000)).play(body, 3)


def test_the_host_hands_over_leaves_and_somebody_joins() -> None:
    async def body(world: GameWorld) -> None:
        await world.hand_over("cid")
        assert world.host.name == "cid"
        await world.leave("cid")
        await world.settle()
        assert "cid" not in gold(world)
        newcomer = await world.join()
        assert newcomer.name == "dan" and newcomer.player is not None

    RULES.play(body, 3)


def test_a_command_is_called_on_any_object() -> None:
    async def body(world: GameWorld) -> None:
        crate = world.all(Crate)[0]
        assert await world.call("bea", "push", 5, on=crate.object_id) == 5
        assert crate.weight == 5
        with pytest.raises(CommandFailed, match="nobody digs like this"):
            await world.call("bea", "dig", -1)
        receipt = world.submit("cid", "dig", amount=1, what="hat")
        await world.settle()
        assert receipt.result() == 1
        assert [call.is_acknowledged for call in world.calls] == [True, False, True]
        assert [call.failed for call in world.calls] == [False, True, False]

    RULES.play(body, 3)


def test_who_is_killed_gets_no_result() -> None:
    async def body(world: GameWorld) -> None:
        receipt = world.submit("bea", "dig", 1)
        world.kill("bea")
        with pytest.raises(SessionOver):
            await receipt

    RULES.play(body, 2)


def test_mistakes_in_the_test_itself_are_named() -> None:
    async def body(world: GameWorld) -> None:
        with pytest.raises(LocalProtocolError, match="no peer 'zoe' in this world; there are ana"):
            world.kill("zoe")
        with pytest.raises(LocalProtocolError, match="has no object 99"):
            world.submit("ana", "dig", 1, on=99)
        with pytest.raises(LocalProtocolError, match="ana runs: kill it"):
            await world.restart("ana")
        with pytest.raises(LocalProtocolError, match="on_tick is not a command"):
            world.submit("ana", "on_tick", 0.1)

    RULES.play(body, 1)


def test_the_story_is_what_was_done() -> None:
    async def body(world: GameWorld) -> None:
        await world.call("bea", "dig", 1)
        world.kill_host()
        await world.sleep(2)

    story = RULES.play(body, 3, seed=4)
    assert (story.peers, story.seed, story.hosts_lost) == (3, 4, 1)
    assert [step.code(Imports()) for step in story.steps] == [
        'await world.call("bea", "dig", 1)',
        "world.kill_host()",
        "await world.sleep(2)",
    ]


def test_invariants_are_checked_when_the_world_settles_and_at_the_end() -> None:
    def nobody_is_rich(world: GameWorld) -> bool:
        return all(miner.gold < 5 for miner in world.all(Miner))

    async def body(world: GameWorld) -> None:
        await world.call("bea", "dig", 5)

    def nobody_digs(world: GameWorld) -> None:
        rich = [miner for miner in world.all(Miner) if miner.gold]
        if rich:
            raise AssertionError(f"{rich[0].name} has gold")

    with pytest.raises(InvariantBroken, match="nobody_is_rich does not hold"):
        Rules(game=MINERS, invariants=[nobody_is_rich]).play(body, 2)
    with pytest.raises(InvariantBroken, match="nobody_digs does not hold: bea has gold"):
        Rules(game=MINERS, invariants=[nobody_digs]).play(body, 2)
