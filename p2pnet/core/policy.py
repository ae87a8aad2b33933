"""May so few go on?  What each policy says, as a function of two numbers."""

from __future__ import annotations

import enum

from .settings import Policy


class Standing(enum.Enum):
    """What a part of a session may do."""

    GO = enum.auto()
    WAIT = enum.auto()  # for Settings.pause_us, then go
    STOP = enum.auto()  # until more are here


def stand(policy: Policy, present: int, seats: int) -> Standing:
    """What `present` members, this one included, may do of a session with so many seats."""
    if 2 * present > seats:
        return Standing.GO
    if policy is Policy.PAUSE_MINORITY and 2 * present < seats:
        return Standing.WAIT
    return Standing.STOP if policy is Policy.MAJORITY_ONLY else Standing.GO
