"""What a simulation may leave behind, and what Python has to say of it."""

from __future__ import annotations

import contextlib
import gc
import math
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest import mock

import trio

from p2pnet.core.errors import P2PNetError
from p2pnet.peer.receipts import Receipt
from p2pnet.world.wire import OUTCOME, Done

from .catalogue import InvariantBroken
from .sim_peer import SimPeer

_OPEN_FILES: Final = "/proc/self/fd"  # where there is such a thing


async def count_tasks() -> int:
    """How many tasks there are in this run, those of trio included."""
    return trio.lowlevel.current_statistics().tasks_living


async def count_timers() -> int:
    """Whether anything of this run still waits for a time: 1 or 0."""
    return int(trio.lowlevel.current_statistics().seconds_to_next_deadline < math.inf)


def open_files() -> int:
    """How many files and sockets this process has open; 0 where that is not to be known."""
    return len(os.listdir(_OPEN_FILES)) if os.path.isdir(_OPEN_FILES) else 0


def story_of(error: BaseException) -> str:
    """An error and what it came from, on one line."""
    parts = []
    cause: BaseException | None = error
    while cause is not None:
        parts.append(repr(cause))
        cause = cause.__cause__
    return " from ".join(parts)


@contextmanager
def listen_to_python(complaints: list[str]) -> Iterator[None]:
    """Note what Python would print by itself: warnings, and errors that nobody can catch."""

    def note(unraisable: Any) -> None:
        complaints.append(f"{unraisable.exc_value!r} in {unraisable.object!r}")

    with (
        mock.patch.object(sys, "unraisablehook", note),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        yield
        gc.collect()
    complaints += [str(warning.message) for warning in caught]


def given(peer: SimPeer, text: str, receipt: Receipt[Any]) -> None:
    """L4: a receipt is given, and it is the one for this command."""
    if not receipt.done:
        raise InvariantBroken("L4", f"{peer.name} holds a receipt that is never given")
    tickets = [ticket for ticket, sent in peer.sent.items() if sent == text]
    settled = peer.settled.get(tickets[0]) if tickets else None
    with contextlib.suppress(P2PNetError):  # there is no result
        result = receipt.result()
        if settled is None or settled.outcome is None:
            raise InvariantBroken("L4", f"{peer.name} has the outcome of {text} from nowhere")
        if OUTCOME.decode(settled.outcome) != Done(result):
            raise InvariantBroken("L4", f"{peer.name} holds the outcome of another than {text}")
