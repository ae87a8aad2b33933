"""Trio runs that are the same each time, down to the order in which tasks take their turns.

One number decides everything: which of several tasks goes first, what a random number is, when a
byte arrives. Time is virtual. What must not be used inside is what has a will of its own: sockets,
threads, the wall clock, the order of a set.
"""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from unittest import mock

import trio

from .scheduler import repeatable
from .streams import stream
from .virtual_clock import Stuck, VirtualClock

T = TypeVar("T")

LIMIT_S: Final = 600.0
"""Virtual time that a run may take if nobody says otherwise."""


def run(
    main: Callable[..., Awaitable[T]], *args: Any, seed: int = 0, limit_s: float = LIMIT_S
) -> T:
    """As `trio.run`, in virtual time, and always the same for the same `seed`.

    Raises Stuck if `main` has not come to its end after `limit_s` virtual seconds, if nothing can
    happen any more, or if time stands still. Otherwise what `main` raises.
    """
    clock = VirtualClock(limit_s)

    async def whole() -> T:
        with trio.CancelScope() as scope:
            clock.on_stuck.append(scope.cancel)
            return await main(*args)
        raise clock.failure or Stuck("called off")

    was_stopped = False
    with seeded(seed):
        try:
            return trio.run(whole, clock=clock)
        except trio.TrioInternalError:
            if clock.failure is None:
                raise
            was_stopped = True
        except BaseException as error:
            if clock.failure is not None:
                raise clock.failure from error
            raise
    if was_stopped:
        bury(clock)
    raise clock.failure


def bury(clock: VirtualClock) -> None:
    """Do away with the tasks of a run that was stopped. They complain as they are collected."""
    assert clock.failure is not None
    clock.failure = clock.failure.with_traceback(None)
    clock.forget_run()
    with mock.patch.object(sys, "unraisablehook"):
        gc.collect()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Whatever trio, the WebSocket libraries or `random` draw in here is drawn from `seed`.

    Garbage is collected afterwards and not within, so that nothing depends on when that would be.
    """
    before = random.getstate()
    was_collecting = gc.isenabled()
    gc.disable()
    random.seed(stream(seed, "random").getrandbits(64))
    urandom = mock.patch.object(os, "urandom", stream(seed, "urandom").randbytes)
    try:
        with urandom, repeatable(stream(seed, "scheduler")):
            yield
    finally:
        random.setstate(before)
        if was_collecting:
            gc.enable()
