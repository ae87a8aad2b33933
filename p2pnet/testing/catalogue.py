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
        "S33": "minority-stands-still",
        "S34": "only-the-able-host",
        "L1": "converge",
        "L2": "lone-survivor",
        "L3": "everyone-home",
        "L4": "work-flows",
        "L5": "calm",
        "L6": "no-livelock",
    }
)


MEANINGS: Final[MappingProxyType[str, str]] = MappingProxyType(
    {
        "S01": "An epoch names one reign at most, and only its host speaks for it.",
        "S02": "Whoever follows an epoch follows who reigned under it, and sees label 0 there.",
        "S03": "The epoch that a peer obeys never goes back.",
        "S04": "A frame of an older epoch changes nothing.",
        "S05": "A peer gives its word to one claimant a number, and never for less than it gave.",
        "S06": "No reign starts after fresh proof has reached the claimant that the host lives.",
        "S07": "A veto is no memory, and never comes from an older reign than the claim's.",
        "S08": "The number of a claim is at most one above a proved one.",
        "S09": "Who overslept asks first: a host does nothing before, no claimant reigns.",
        "S10": "A host that handed over orders nothing more.",
        "S11": "Equal positions have equal digests and states, and all have the same settings.",
        "S12": "An update is applied right after the one before it.",
        "S13": "Nothing of a new reign is applied before its welcome.",
        "S14": "A reign starts from no less than the position of each peer that stood behind it.",
        "S15": "A receipt is held by whom its level says, and is there later if one of them lives.",
        "S16": "What was acknowledged and is gone was named once to its owner.",
        "S17": "A command is run once at most, over any number of hosts.",
        "S18": "The commands of one process are run in the order in which it submitted them.",
        "S19": "Where one history goes on from another, a merge discards nothing.",
        "S20": "Two hosts that meet come to the right verdict, and a second yield does nothing.",
        "S21": "A label is given once; who is back says its own, and a new host knows all of them.",
        "S22": "A follower gets an update once, on one link, and a snapshot if the tail is gone.",
        "S23": "A welcome goes only to who holds the key of the seat.",
        "S24": "An id belongs to one key that signs for it, and who was kicked has no seat.",
        "S25": "Equal positions have equal rosters, and the game knows who is there.",
        "S26": "A proof for a seat counts under the reign that it names.",
        "S27": "The application hears who hosts and who is there: lost, migrating, changed, once.",
        "S28": "No queue is longer than the settings allow.",
        "S29": "What is wrong at one peer, or comes from it, costs nobody else anything.",
        "S30": "Nobody holds more links, timers and entries than its role demands; who left, none.",
        "S31": "A core that is woken before anything is due does nothing.",
        "S32": "One scenario is one run, however often it is played.",
        "S33": "A part of a session runs commands if its policy lets so few, and else none.",
        "S34": "Nobody reigns, or is granted a claim, who said when it joined that it can't host.",
        "L1": "A healed session comes together: one host, everybody at its position.",
        "L2": "The survivor of a game of two goes on in time.",
        "L3": "Whoever lives and has a seat is present with the host.",
        "L4": "What is written arrives; each receipt is given, and soon where all has healed.",
        "L5": "Once all has healed no new reign begins.",
        "L6": "Nobody is busy without time going by, claims or dials again and again.",
    }
)
"""What each of them says."""


class InvariantBroken(AssertionError):
    """`name` is what does not hold, such as S01; the text says who did what."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name} {INVARIANTS[name]}: {text}")
        self.name = name
