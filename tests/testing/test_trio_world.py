from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from p2pnet import Denied, GameError, HostUnreachable, Peer
from p2pnet.core.states import State
from p2pnet.testing.reproducible import run
from p2pnet.testing.trio_world import TrioWorld
from p2pnet.testing.virtual_clock import Stuck, tasks_now
from p2pnet.testing.worlds import open_world

from .tanks import RUNNERS, TANKS, tank

RTT_US = 60_000


async def story(world: TrioWorld) -> list[object]:
    """Everything that can be done to a world, and what came of it."""
    log: list[object] = []
    for peer in world.members:
        log.append(await tank(peer).earn(3))
    first = world.host
    assert first is not None
    world.kill(first)
    await world.settle()
    log.append(("killed", world.now, world.host.name, [tank(p).gold for p in world.members]))
    world.kill(world.host, silent=True)
    await world.settle()
    back = world.restart(first)
    await world.seated(back)
    await world.settle()
    log.append(("back", world.now, tank(back).gold))
    world.isolate(world.host)
    await trio.sleep(3)
    log.append(("apart", world.now, sorted(p.name for p in world.hosts)))
    world.heal()
    await world.settle()
    sleeper = world.host
    world.pause(sleeper)
    await trio.sleep(3)
    world.resume(sleeper)
    await world.settle()
    log.append(("slept", world.now, world.host.name, sleeper.core.state.value))
    await world.hand_over()
    world.leave(world.members[-1])
    await world.settle()
    log.append(("left", world.now, world.host.name, [p.name for p in world.members]))
    return log


async def tell(seed: int = 5, websockets: bool = False) -> list[object]:
    async with open_world(TANKS, 4, seed=seed, websockets=websockets) as world:
        return await story(world)


@pytest.mark.parametrize("websockets", [False, True])
def test_a_story_is_the_same_each_time_and_under_another_hash_seed(websockets) -> None:
    told = run(tell, 5, websockets, seed=5)
    assert run(tell, 5, websockets, seed=5) == told
    root = Path(__file__).parents[2]
    code = (
        "from tests.testing.test_trio_world import run, tell\n"
        f"print(run(tell, 5, {websockets}, seed=5))"
    )  # fmt: skip
    again = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        cwd=root,
        check=True,
    )
    assert again.stdout.strip() == str(told)
    assert again.stderr == ""


def test_another_seed_is_another_run() -> None:
    assert run(tell, 5, seed=5) != run(tell, 6, seed=6)


def test_survivors_are_back_after_two_round_trips_and_nothing_is_left() -> None:
    async def main() -> None:
        async with open_world(TANKS, 4) as world:
            before = world.now
            world.kill(world.peers[0])
            await world.settle()
            assert world.now - before < 2.5 * RTT_US
            assert not world.peers[0].ended.is_set() or world.peers[0].failure is None
        assert "peer" not in tasks_now()
        assert not world.ether.ends and not world.ether.listeners

    run(main)


def test_a_game_that_never_rests_settles_and_ticks_on() -> None:
    async def main() -> None:
        async with open_world(RUNNERS, 3, delay_us=(50_000, 60_000)) as world:
            await world.settle()
            runner = world.peers[2].peer.player
            assert {p.core.digest for p in world.peers} == {world.peers[0].core.digest}
            before = runner.x
            await trio.sleep(1)
            assert runner.x > before + 50

    run(main)


def test_a_half_that_is_cut_off_has_a_host_of_its_own() -> None:
    async def main() -> None:
        async with open_world(TANKS, 5) as world:
            *three, four, five = world.peers
            world.partition([four, five], three)
            await trio.sleep(3)
            assert len(world.hosts) == 2 and not world.is_together()
            with pytest.raises(Stuck, match="not settled after 2 virtual seconds"):
                await world.settle(2)
            world.heal()
            await world.settle()
            assert len(world.hosts) == 1

    run(main)


def test_what_goes_wrong_in_the_game_of_a_peer_is_raised_where_one_waits_for_it() -> None:
    async def main() -> None:
        async with open_world(TANKS, 2) as world:
            await tank(world.peers[1]).blow()
            with pytest.raises(GameError, match="the tank blew up"):
                await world.settle()

    run(main)


def test_who_is_kept_out_says_why() -> None:
    async def main() -> None:
        async with open_world(TANKS, 2) as world:
            host, client = world.peers
            host.peer.kick(client.peer.connection_id, "enough")
            await world.clock.wait_until(lambda: client.core.state is State.LEFT)
            with pytest.raises(Denied):
                await world.seated(world.restart(client))
            world.kill(host)
            with pytest.raises(HostUnreachable):
                await world.seated(world.join(host))

    run(main)


def test_a_slow_peer_takes_everything_in_late() -> None:
    async def main() -> int:
        async with open_world(TANKS, 2) as world:
            world.slow(world.peers[0], 40_000)
            before = world.now
            await tank(world.peers[1]).earn(1)
            return world.now - before

    assert run(main) > 2 * 40_000


def test_a_peer_that_stands_still_does_nothing_beside_its_session_either() -> None:
    told: list[tuple[str, float]] = []

    async def clock(peer: Peer) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(strike, peer)  # and so do the tasks that its tasks have
            await strike(peer)

    async def strike(peer: Peer) -> None:
        while True:
            await trio.sleep(0.5)
            told.append((peer.name, trio.current_time()))

    async def body() -> None:
        async with open_world(TANKS, 0) as world:
            first = await world.seated(world.open_session("ana", host_task=clock))
            second = await world.seated(world.join(first, "bea", host_task=clock))
            world.pause(first)
            paused_s = trio.current_time()
            await trio.sleep(5)
            resumed_s = trio.current_time()
            world.resume(first)
            await world.settle()
            assert not [at_s for name, at_s in told if name == "ana" and at_s > paused_s
                        and at_s < resumed_s]  # fmt: skip
            assert [at_s for name, at_s in told if name == "bea" and at_s < resumed_s]
            world.pause(second)
            world.kill(second)  # which has to end all the same
            await trio.sleep(1)
            assert second.ended.is_set()

    run(body)
