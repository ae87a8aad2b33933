"""Events in words, for people: the text of what the JSON stream gives as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..core.errors import ADVICE

_Fields = Mapping[str, Any]

_CAUSES: Final = {
    "closed": "its connection broke",
    "silent": "nothing was heard from it",
    "left": "it left",
}

_REASONS: Final = {
    "left": "left",
    "session_ended": "the host ended the game",
    "kicked": "was removed by the host",
    "disconnected": "was disconnected by the host",
    "inactive": "did nothing for too long",
    "away": "left for a while",
    "replaced": "came back in another process",
    "host_lost": "the host is gone",
    "timed_out": "was silent for too long",
    "unreachable": "its connection broke",
    "denied": "was refused",
    "seat_expired": "was away for too long",
    "crashed": "its game code raised an error",
}

_ADVICE: Final = frozenset(ADVICE.values())


def _end(reason: str, text: str) -> str:
    """Why a session ended, and what the host said of it, if that is not the same."""
    if text in _ADVICE:
        return text
    return _REASONS.get(reason, reason) + (f" ({text})" if text else "")


_TEXTS: Final[dict[str, Callable[[_Fields, Callable[[Any], str]], str]]] = {
    "joined": lambda f, who: (
        f"joined as connection {f['connection_id']}"
        + (f", was {f['old_connection_id']}" if f["old_connection_id"] != -1 else "")
    ),
    "join_failed": lambda f, who: f"can't join: {f['text']}",
    "join_denied": lambda f, who: f"may not join: {f['text'] or f['reason']}",
    "session_ended": lambda f, who: f"out of the game: {_end(f['reason'], f['text'])}",
    "peer_joined": lambda f, who: f"sees {who(f['who'])} join as connection {f['connection_id']}",
    "peer_lost": lambda f, who: f"keeps the seat and the player of {who(f['who'])}",
    "peer_returned": lambda f, who: (
        f"has {who(f['who'])} back with its player: connection {f['connection_id']}, "
        f"was {f['old_connection_id']}"
    ),
    "seat_reclaimed": lambda f, who: f"gives {who(f['who'])} its seat back",
    "client_disconnected": lambda f, who: (
        f"has lost {who(f['who'])}: {_end(f['reason'], f['text'])}"
    ),
    "join_pending": lambda f, who: "waits for the host to let it in",
    "approval_requested": lambda f, who: f"is asked to let {f['name'] or who(f['who'])} in",
    "host_announced": lambda f, who: f"may follow {who(f['host'])}, the host of epoch {f['epoch']}",
    "new_host_unreachable": lambda f, who: f"can't reach {who(f['host'])}",
    "hook_failed": lambda f, who: f"goes on after an error of its game: {f['text']}",
    "write_refused": lambda f, who: f"may not write {f['field']}: {f['text']}",
    "peer_gone": lambda f, who: (
        f"sees {who(f['who'])} go: {_REASONS.get(f['reason'], f['reason'])}"
    ),
    "host_suspected": lambda f, who: f"host {who(f['host'])} is silent",
    "host_recovered": lambda f, who: f"host {who(f['host'])} is heard again",
    "host_lost": lambda f, who: (
        f"lost host {who(f['host'])}: {_CAUSES.get(f['cause'], f['cause'])}"
    ),
    "migration_started": lambda f, who: (
        "is first in rank to become the host"
        if f["you"]
        else f"expects {who(f['successor'])} to become the host"
    ),
    "claim_made": lambda f, who: f"claims the host role, epoch {f['number']}",
    "claim_granted": lambda f, who: f"grants epoch {f['number']} to {who(f['claimant'])}",
    "claim_refused": lambda f, who: f"was refused by {who(f['by'])}: {f['reason']}",
    "claim_denied": lambda f, who: (
        f"does not let {who(f['claimant'])} host epoch {f['number']}: {f['reason']}"
    ),
    "pull_started": lambda f, who: f"fetches what it lacks from {who(f['source'])}",
    "became_host": lambda f, who: f"is the host of epoch {f['epoch']}",
    "host_changed": lambda f, who: f"follows host {who(f['host'])} in epoch {f['epoch']}",
    "isolated": lambda f, who: f"can't hear host {who(f['host'])}, but others do",
    "overslept": lambda f, who: f"stood still for {f['slept_us'] / 1e6:.1f} s",
    "deposed": lambda f, who: f"is no longer the host: {who(f['host'])} is",
    "reigns_met": lambda f, who: (
        f"met the host of epoch {f['theirs']}; "
        + ("its own" if f["ours"] else "that one's")
        + " reign goes on"
    ),
    "handover_started": lambda f, who: f"hands the host role to {who(f['target'])}",
    "handover_failed": lambda f, who: f"{who(f['target'])} did not take the host role over",
    "branch_discarded": lambda f, who: (
        f"{f['updates']} updates of its side are discarded, the other side goes on"
    ),
    "relayed": lambda f, who: f"can't hear host {who(f['host'])}, plays on through {who(f['via'])}",
    "proof_rejected": lambda f, who: f"was told what can't be proved: {f['text']}",
    "on_branch": lambda f, who: f"plays on with {f['present']} of {f['seats']} members",
    "session_paused": lambda f, who: f"pauses with {f['present']} of {f['seats']} members",
    "session_resumed": lambda f, who: f"goes on with {f['present']} of {f['seats']} members",
    "stranger_refused": lambda f, who: f"turned somebody away: {f['text']}",
}
_NOISE: Final = frozenset({"state_changed", "role_changed", "roster_changed", "ended"})
"""These say nothing new to a person: others that come with them do."""


def describe(kind: str, fields: _Fields, names: Mapping[str, str]) -> str | None:
    """What happened, as the rest of a sentence that begins with the peer's name; None for noise.

    `names` gives the names of peers by their ids.
    """
    if kind in _NOISE:
        return None
    text = _TEXTS.get(kind)
    if text is None:
        return kind.replace("_", " ")
    return text(fields, lambda peer: names.get(peer, str(peer)[:6]))


def printable(line: str) -> str:
    """A line as it may be shown: what another peer wrote can't move the cursor or forge a line."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
