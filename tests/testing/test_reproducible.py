from __future__ import annotations

import gc
import os
import random

import pytest
import trio

from p2pnet.testing.reproducible import run, seeded
from p2pnet.testing.virtual_clock import Stuck


def draws() -> tuple[bytes, float]:
    return os.urandom(8), random.random()


def test_entropy_comes_from_the_seed_inside_and_from_the_system_outside() -> None:
    before = random.getstate()
    drawn = []
    for seed in (1, 1, 2):
        with seeded(seed):
            drawn.append(draws())
    assert drawn[0] == drawn[1] != drawn[2]
    assert random.getstate() == before
    assert os.urandom(8) != os.urandom(8)


def test_no_garbage_is_collected_within() -> None:
    assert gc.isenabled()
    with seeded(0):
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_run_gives_what_main_returns_and_raises_what_it_raises() -> None:
    async def double(number: int) -> int:
        await trio.sleep(100)
        return 2 * number

    async def fail() -> None:
        raise KeyError("no")

    assert run(double, 21) == 42
    with pytest.raises(KeyError, match="no"):
        run(fail)


def test_stuck_names_what_came_of_calling_everything_off() -> None:
    async def main() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("in the end")

    with pytest.raises(Stuck, match="nothing can happen") as caught:
        run(main)
    assert isinstance(caught.value.__cause__, ValueError)
