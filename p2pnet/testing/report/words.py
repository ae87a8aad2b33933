"""What happens in a run, in two or three words, and how it is to look."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, Final

from p2pnet.core.errors import RefuseReason
from p2pnet.core.events import (
    BecameHost,
    BranchDiscarded,
    ClaimGranted,
    ClaimMade,
    ClaimRefused,
    Deposed,
    Event,
    HandoverFailed,
    HandoverStarted,
    HostChanged,
    HostLost,
    HostRecovered,
    HostSuspected,
    Isolated,
    JoinDenied,
    Joined,
    JoinFailed,
    Overslept,
    PeerGone,
    ProofRejected,
    PullStarted,
    ReignsMet,
    Relayed,
    SessionEnded,
    SessionPaused,
    SessionResumed,
)

from .picture import Sort

_FAULTS: Final = tuple(
    (re.compile(pattern), sort, word)
    for pattern, sort, word in (
        (r"crashes", Sort.DEATH, "crashes"),
        (r"vanishes", Sort.DEATH, "vanishes"),
        (r"stands still", Sort.FAULT, "stands still"),
        (r"goes on", Sort.MEND, "goes on"),
        (r"leaves", Sort.ACT, "leaves"),
        (r"ends the session", Sort.ACT, "ends session"),
        (r"kicks (.+)", Sort.ACT, "kicks {0}"),
        (r"hands over to (.+)", Sort.ACT, "hands over"),
        (r".+ asks .+ for a seat", Sort.ACT, "joins"),
        (r".+ is started again", Sort.ACT, "restart"),
        (r"can't reach (\S+)", Sort.STEP, "no way to {0}"),
        (r"is woken early", Sort.STEP, "woken early"),
        (r"does not get through to", Sort.FAULT, "cut"),
        (r"is cut off from all", Sort.FAULT, "cut off"),
        (r"has its links to (\S+) reset", Sort.FAULT, "reset"),
        (r"every cut is mended", Sort.MEND, "all heals"),
        (r"takes everything in", Sort.FAULT, "slow"),
        (r"and \S+ are \d+ us further apart", Sort.FAULT, "lag"),
        (r"\d+ in 1000 segments", Sort.FAULT, "stalls"),
        (r"can't be dialled", Sort.FAULT, "no dials"),
        (r"has a clock that is wrong", Sort.FAULT, "drift"),
        (r"wakes up to", Sort.FAULT, "late timers"),
        (r"says to \S+ what it should not", Sort.FAULT, "noise"),
        (r"has its seat claimed at", Sort.FAULT, "impostor"),
        (r"tells \S+ what it can't prove", Sort.FAULT, "lies"),
        (r"claims out of turn", Sort.FAULT, "usurps"),
        (r"announces a reign", Sort.FAULT, "usurps"),
    )
)

NOISE_WORDS: Final = frozenset({"noise", "lies", "usurps"})
"""Faults that put frames on links which no core has sent."""

_EVENTS: Final[MappingProxyType[type[Event], tuple[Sort, str | Callable[[Any], str]]]] = (
    MappingProxyType(
        {
            BecameHost: (Sort.CROWN, lambda e: f"crown {e.epoch.number}"),
            BranchDiscarded: (Sort.DISCARD, lambda e: f"discards {e.updates}"),
            ClaimGranted: (Sort.STEP, lambda e: f"grants {e.number}"),
            ClaimMade: (Sort.CLAIM, lambda e: f"claim {e.number}"),
            Deposed: (Sort.STEP, "deposed"),
            HandoverFailed: (Sort.STEP, "handover fails"),
            HandoverStarted: (Sort.STEP, "names its heir"),
            HostChanged: (Sort.STEP, lambda e: f"follows {e.epoch.number}"),
            HostLost: (Sort.LOSS, "host lost"),
            HostRecovered: (Sort.STEP, "host heard"),
            HostSuspected: (Sort.STEP, "suspects"),
            Isolated: (Sort.STEP, "isolated"),
            JoinDenied: (Sort.STEP, "denied"),
            Joined: (Sort.STEP, "has a seat"),
            JoinFailed: (Sort.STEP, "no seat"),
            Overslept: (Sort.STEP, "overslept"),
            PeerGone: (Sort.STEP, "seat given up"),
            ProofRejected: (Sort.STEP, "no proof"),
            PullStarted: (Sort.STEP, "pulls"),
            ReignsMet: (Sort.STEP, "reigns meet"),
            Relayed: (Sort.STEP, "relayed"),
            SessionEnded: (Sort.STEP, "out"),
            SessionPaused: (Sort.STEP, "pauses"),
            SessionResumed: (Sort.STEP, "resumes"),
        }
    )
)


def of_fault(text: str) -> tuple[Sort, str]:
    """How something that was done from outside looks, and in what words."""
    for pattern, sort, word in _FAULTS:
        if found := pattern.match(text):
            return sort, word.format(*found.groups())
    return Sort.FAULT, text.split()[0]


def of_event(event: Event) -> tuple[Sort, str] | None:
    """The same for what an application is told; None for what only mirrors something else."""
    return of_kind(type(event), event)


def of_kind(kind: type[Event], fields: Any) -> tuple[Sort, str] | None:
    """The same for something that has the fields of an event of this kind."""
    if kind is ClaimRefused:
        return Sort.VETO, "veto" if fields.reason == RefuseReason.ALIVE else "refused"
    known = _EVENTS.get(kind)
    if known is None:
        return None
    sort, word = known
    return sort, word if isinstance(word, str) else word(fields)
