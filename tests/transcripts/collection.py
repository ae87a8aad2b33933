"""All cases that are told as transcripts, and what has to be among them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from . import breaking_apart, cases, cheating, seats
from .telling import CASES, tell

__all__ = ["CASES", "SUBJECTS", "tell"]

MODULES: Final = (breaking_apart, cases, cheating, seats)
"""Where the cases are."""

SUBJECTS: Final = MappingProxyType(
    {
        "corroborated_detection": "nobody is accused on one peer's word alone",
        "claim_with_veto": "who claims asks first, and whoever hears the host says no",
        "freshest_state": "a new host has what any survivor has",
        "cascades": "the new host dies as well, in any phase",
        "planned_handover": "a host that goes on purpose loses nothing",
        "sleepers": "who slept asks before it acts",
        "partition_and_merge": "two histories become one, and what is dropped is named",
        "ack_levels": "what a receipt is worth, and that each is given once",
        "warm_links": "nobody is dialled on the way back into the game",
        "identity": "what can't be proved is refused, counted and told",
        "what_travels": "seats, bans, deadlines and settings outlive their host",
    }
)
"""The subjects of the protocol: each is shown by a transcript at least."""
