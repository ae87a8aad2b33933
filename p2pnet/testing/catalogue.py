"""The invariants by name. `watch` looks after every step, `invariants` at a world that has healed.

Numbers are those of the catalogue in `docs/simulations.md`, which also says where each is checked.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

INVARIANTS: Final[MappingProxyType[str, str]] = MappingProxyType(
    {
        "S01": "one-reign-per-epoch",
        "S02": "one-host-per-component",
        "S03": "epoch-never-back",
        "S04": "stale-is-inert",
        "S05": "promise-once",
        "S06": "no-reign-over-fresh-proof",
        "S07": "veto-not-older",
        "S08": "no-number-inflation",
        "S09": "sleeper-asks-first",
        "S10": "handover-single-writer",
        "S11": "same-position-same-state",
        "S12": "no-gap",
        "S13": "welcome-before-apply",
        "S14": "freshest-base",
        "S15": "acked-survives-crash",
        "S16": "nothing-lost-in-silence",
        "S17": "at-most-once",
        "S18": "submit-order",
        "S19": "ancestor-loses-nothing",
        "S20": "merge-is-a-function",
        "S21": "one-owner",
        "S22": "one-link-per-id",
        "S23": "welcome-needs-proof",
        "S24": "id-one-key",
        "S25": "roster-agreement",
        "S26": "proof-fresh",
        "S27": "event-order",
        "S28": "bounded-everything",
        "S29": "contained-failure",
        "S30": "no-leak",
        "S31": "time-forward",
        "S32": "replay-equal",
        "L1": "converge",
        "L2": "lone-survivor",
        "L3": "everyone-home",
        "L4": "work-flows",
        "L5": "calm",
        "L6": "no-livelock",
    }
)


class InvariantBroken(AssertionError):
    """`name` is what does not hold, such as S01; the text says who did what."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name} {INVARIANTS[name]}: {text}")
        self.name = name
