"""Somebody wants the program to end."""

from __future__ import annotations

import signal
from collections.abc import Callable

import trio


async def on_interrupt(act: Callable[[], None]) -> None:
    """Call `act` for each Ctrl-C and each SIGTERM, in a task of trio, instead of ending at once."""
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            act()
