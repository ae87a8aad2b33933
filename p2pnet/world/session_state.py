"""What the session itself has to remember, as an object that is replicated like any other.

It is there in every world from the beginning, under the number 0, which no object of a game gets.
So whatever is kept in its fields is in the updates and in the snapshots, is undone with a branch
that loses, and is there when another peer takes over.
"""

from __future__ import annotations

from typing import Final

import attrs

from .containers import SyncDict
from .fields import sync_dict, sync_set, sync_var
from .layout import networked
from .objects import NetworkObject
from .sets import SyncSet

SESSION_ID: Final = 0
"""The number of the session's own object."""


@attrs.frozen
class Timer:
    """A method that is to be called on the host at a moment of the game's time."""

    due_us: int
    object_id: int
    method: str
    arguments: bytes  # encoded, so that they are the same on every host


@networked
class SessionState(NetworkObject):
    """The session's own memory. A game never writes to it."""

    uptime_us: int = sync_var(
        0, latest=True
    )  # how long there has been a host, as of the last update
    timers: SyncDict[int, Timer] = sync_dict()  # by number
    next_timer: int = sync_var(1)
    reserved: SyncSet[str] = (
        sync_set()
    )  # peers that have not come back since the session was resumed
