"""Signals become calls."""

from __future__ import annotations

import signal

import trio
import trio.testing

from p2pnet.cli.interrupts import on_interrupt


async def test_each_signal_is_one_call() -> None:
    calls: list[int] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(on_interrupt, lambda: calls.append(1))
        await trio.testing.wait_all_tasks_blocked()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.raise_signal(number)
            await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert calls == [1, 1]
