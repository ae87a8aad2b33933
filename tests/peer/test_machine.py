from __future__ import annotations

import math

import trio
from trio.testing import MockClock

from p2pnet.peer.machine import Machine


async def test_a_deadline_is_when_the_clock_shows_so_much(clock: MockClock) -> None:
    machine = Machine()
    at_us = machine.now_us() + 1_234_567
    await trio.sleep_until(machine.deadline_s(at_us))
    assert machine.now_us() == at_us
    assert machine.deadline_s(None) == math.inf


async def test_a_real_machine_is_awake_and_rolls_real_dice(clock: MockClock) -> None:
    machine = Machine()
    before = machine.now_us()
    await machine.awake()
    assert machine.now_us() == before
    assert len(machine.entropy(32)) == 32 and machine.entropy(32) != machine.entropy(32)
