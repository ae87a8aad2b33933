from __future__ import annotations

import math

import pytest
import trio

from p2pnet.core.states import State
from p2pnet.testing.reproducible import run
from p2pnet.testing.trio_peer import SimAlarm, SimMachine
from p2pnet.testing.virtual_clock import VirtualClock
from p2pnet.testing.worlds import open_world

from .tanks import RUNNERS, TANKS, tank


def test_each_machine_has_dice_of_its_own_that_fall_the_same_way_each_time() -> None:
    async def main() -> list[bytes]:
        async with open_world(TANKS, 3) as world:
            return [peer.shell.machine.entropy(8) for peer in world.peers]

    drawn = run(main)
    assert len(set(drawn)) == 3
    assert run(main) == drawn


def test_a_clock_that_goes_wrong_is_that_of_one_machine() -> None:
    async def main() -> None:
        async with open_world(TANKS, 2) as world:
            machine = world.peers[1].shell.machine
            assert isinstance(machine, SimMachine)
            assert machine.now_us() == world.now and machine.deadline_s(None) == math.inf
            world.peers[1].clock.set_rate(world.now, 1100)
            before = world.now
            await trio.sleep(10)
            assert machine.now_us() == before + 11_000_000
            at_us = machine.now_us() + 1_100_000
            await trio.sleep_until(machine.deadline_s(at_us))
            assert machine.now_us() == pytest.approx(at_us, abs=2)

    run(main)


def test_who_stands_still_says_and_ticks_nothing_and_catches_up() -> None:
    async def main() -> None:
        async with open_world(RUNNERS, 2) as world:
            host, client = world.peers
            world.pause(client)
            world.pause(client)
            before = client.core.position
            await trio.sleep(0.3)
            assert client.core.position == before
            world.resume(client)
            await trio.sleep(0.1)
            assert client.core.state is State.FOLLOWING
            assert host.core.position.seq - client.core.position.seq < 5
            world.pause(host)
            x = host.peer.player.x
            await trio.sleep(0.3)
            assert host.peer.player.x == x
            world.resume(host)
            await trio.sleep(0.1)
            assert 0 < host.peer.player.x - x < 10  # those missed are left out

    run(main)


def test_timers_can_be_late_without_harm() -> None:
    async def main() -> None:
        async with open_world(TANKS, 3) as world:
            for peer in world.peers:
                peer.late_timers_us = 100_000
            assert await tank(world.peers[2]).earn(1) == 1
            await trio.sleep(5)
            assert world.is_together() and world.host is world.peers[0]

    run(main)


def test_a_killed_process_ends_within_the_instant() -> None:
    async def main() -> None:
        async with open_world(TANKS, 2) as world:
            victim = world.peers[1]
            world.kill(victim)
            world.kill(victim)
            before = world.now
            await victim.ended.wait()
            assert world.now == before and victim.failure is None

    run(main)


def test_an_alarm_rings_once_at_the_time_that_was_set_last() -> None:
    async def main() -> list[float]:
        clock, rung = trio.lowlevel.current_clock(), []
        assert isinstance(clock, VirtualClock)
        alarm = SimAlarm(lambda: rung.append(trio.current_time()), clock)
        await alarm.run()
        for at_s in (3, 5, 4, 10, 2):
            alarm.set(at_s)
        await trio.sleep_until(20)
        for at_s in (30, 40, math.inf):
            alarm.set(at_s)
            await trio.sleep(5)
        alarm.set(43)
        await trio.sleep_until(50)
        alarm.set(1)  # which is over, and so is now
        await trio.sleep(1)
        return rung

    assert run(main) == [2, 43, 50]
