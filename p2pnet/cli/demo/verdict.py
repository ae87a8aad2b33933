"""Did the game survive? Each check takes the evidence alone, and names what it misses.

Every command that the demo gave carries a ticket, and the game notes in a journal how often it ran
the command of each ticket. So a command that is lost is missing in the journal, and one that is
run twice is there twice. What a killed process had submitted and had no result for died with it:
such a command may have been run or not, but not twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from .evidence import Evidence, Failover, Order, Record
from .timeline import timeline


@attrs.frozen
class Check:
    """One question, and what speaks against a yes."""

    name: str
    faults: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.faults


@attrs.frozen(kw_only=True)
class Verdict:
    """The answers. `lost` and `doubled` count commands."""

    checks: tuple[Check, ...]
    acked: int
    lost: int
    doubled: int
    objects: int
    state_equal: bool

    @property
    def survived(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if not check.passed)


Finder = Callable[[Evidence], Iterator[str]]
"""Gives one line for each fault."""


def judge(evidence: Evidence, finders: Mapping[str, Finder] | None = None) -> Verdict:
    """All checks on all the evidence: those of the demo, or others."""
    named = (_CHECKS if finders is None else finders).items()
    checks = tuple(Check(name, tuple(find(evidence))) for name, find in named)
    by_name = {check.name: check for check in checks}
    acked = [order for order in evidence.all_orders() if order.acknowledged]
    return Verdict(
        checks=checks,
        acked=len(acked),
        lost=len({fault.partition(" ")[0] for fault in _lost(evidence)}),
        doubled=len({fault.partition(" ")[0] for fault in _doubled(evidence)}),
        objects=max((len(dump["objects"]) for dump in evidence.final.values()), default=0),
        state_equal=by_name[STATE_EQUAL].passed,
    )


def journals(dump: Record) -> Counter[str]:
    """How often each ticket was run, in the state that a peer dumped."""
    found: Counter[str] = Counter()
    for thing in dump["objects"].values():
        found.update(thing["fields"].get("journal", {}))
    return found


def _must_be_there(evidence: Evidence) -> Iterator[Order]:
    """What has a result, and what a process submitted that is still alive.

    What a peer was told that it is lost is not missed.
    """
    for order in evidence.all_orders():
        if order.ticket in evidence.discarded:
            continue
        alive = order.run not in evidence.died
        if order.acknowledged or (alive and order.submitted_ms is not None and not order.error):
            yield order


# --- the checks; each yields one line for each fault ---------------------------------------------


def _lost(evidence: Evidence) -> Iterator[str]:
    for run, dump in evidence.final.items():
        found = journals(dump)
        for order in _must_be_there(evidence):
            if not found[order.ticket]:
                state = "acknowledged" if order.acknowledged else "submitted"
                yield f"{order.ticket} was {state} and is not in the state of {run}"


def _doubled(evidence: Evidence) -> Iterator[str]:
    for run, dump in evidence.final.items():
        for ticket, times in journals(dump).items():
            if times != 1:
                yield f"{ticket} was run {times} times in the state of {run}"


def _unknown(evidence: Evidence) -> Iterator[str]:
    known = {order.ticket for order in evidence.all_orders()}
    for run, dump in evidence.final.items():
        for ticket in journals(dump):
            if ticket not in known:
                yield f"{ticket} is in the state of {run} and nobody submitted it"


def _unanswered(evidence: Evidence) -> Iterator[str]:
    for order in evidence.all_orders():
        if order.error:
            yield f"{order.ticket} failed: {order.error}"
        elif not order.settled and order.run not in evidence.died:
            yield f"{order.ticket} never had a result"


def _wrong_totals(evidence: Evidence) -> Iterator[str]:
    amounts = {order.ticket: order.amount for order in evidence.all_orders()}
    for run, dump in evidence.final.items():
        for name, thing in dump["objects"].items():
            fields = thing["fields"]
            wanted = sum(amounts.get(ticket, 0) for ticket in fields.get("journal", {}))
            if fields.get("gold") != wanted:
                yield f"object {name} has {fields.get('gold')} gold on {run}, {wanted} is due"


def _unequal(evidence: Evidence) -> Iterator[str]:
    dumps = list(evidence.final.items())
    if not dumps:
        yield "there is no state to compare"
        return
    first_run, first = dumps[0]
    for run, dump in dumps[1:]:
        for key in ("position", "digest", "objects"):
            if dump[key] != first[key]:
                yield f"{key} differs between {first_run} and {run}"


def _objects_gone(evidence: Evidence) -> Iterator[str]:
    for failover in evidence.failovers:
        wanted = owned(failover.before)
        for run, dump in (*failover.after.items(), *evidence.final.items()):
            found = owned(dump)
            for name, owner in wanted.items():
                if found.get(name) != owner:
                    yield f"object {name} of {owner} is not on {run} as it was before the kill"


def owned(dump: Record) -> dict[str, tuple[Any, Any]]:
    return {name: (thing["class"], thing["owner"]) for name, thing in dump["objects"].items()}


def sleeping(evidence: Evidence) -> Iterator[str]:
    """Suspended players of those who play: back with all their state means awake, too."""
    present = {str(dump["player"]): run for run, dump in evidence.final.items()}
    for run, dump in evidence.final.items():
        for name, thing in dump["objects"].items():
            if name in present and not thing["active"]:
                yield f"the player of {present[name]} is still suspended on {run}"


def _wrong_ids(evidence: Evidence) -> Iterator[str]:
    """`old_connection_id` as in the manual: the label under the reign before; a host's is 0."""
    for failover in evidence.failovers:
        labels = {seat["name"]: seat["connection_id"] for seat in failover.before["roster"]}
        for run in failover.survivors:
            dump = failover.after.get(run)
            if dump is None:
                yield f"{run} gave no dump after the kill of {failover.victim}"
                continue
            old, new = labels.get(run.peer), 0 if run.peer == failover.heir else labels[run.peer]
            if (dump["old_connection_id"], dump["connection_id"]) != (old, new):
                yield (
                    f"{run} is {dump['connection_id']}, was {dump['old_connection_id']}; "
                    f"should be {new}, was {old}"
                )
    for run, ready in evidence.returns:
        if ready["old_connection_id"] != 0:
            yield f"{run} came back with old_connection_id {ready['old_connection_id']} and not 0"


def _wrong_reigns(evidence: Evidence) -> Iterator[str]:
    for failover in evidence.failovers:
        for run in failover.survivors:
            role = "host" if run.peer == failover.heir else "client"
            dump = failover.after.get(run, {})
            if dump.get("role") != role:
                yield f"{run} is {dump.get('role')} after the kill of {failover.victim}, not {role}"
            if not dump.get("epoch", 0) > failover.epoch:
                yield f"{run} is in no later epoch after the kill of {failover.victim}"
        hosts = {dump["host"] for dump in failover.after.values()}
        if len(hosts) > 1:
            yield f"the survivors of {failover.victim} follow {len(hosts)} hosts"


def _not_playing(evidence: Evidence) -> Iterator[str]:
    if not evidence.failovers:
        yield "no host was killed"
    for failover in evidence.failovers:
        if not failover.in_flight:
            yield f"nothing was in flight when {failover.victim} was killed"
        if timeline(evidence, failover).playing is None:
            yield f"not all survivors of {failover.victim} play again"
    for run, _ in evidence.returns:
        if run not in evidence.died and not evidence.acknowledged(run):
            yield f"{run} came back and has not played"


STATE_EQUAL: Final = "state equal on all peers"

ALWAYS: Final[Mapping[str, Finder]] = MappingProxyType(
    {
        "nothing lost": _lost,
        "nothing done twice": _doubled,
        "nothing from nowhere": _unknown,
        "every command has its result": _unanswered,
        "totals as they were computed here": _wrong_totals,
        STATE_EQUAL: _unequal,
    }
)
"""What has to hold whatever was done to the peers."""

_CHECKS: Final[dict[str, Finder]] = {
    **ALWAYS,
    "players and objects back": _objects_gone,
    "players awake": sleeping,
    "connection ids as in the manual": _wrong_ids,
    "one new host in a new epoch": _wrong_reigns,
    "everybody plays on": _not_playing,
}


def failover_fields(evidence: Evidence, failover: Failover) -> dict[str, Any]:
    """One failover in the verdict's JSON."""
    times = timeline(evidence, failover)

    def rounded(ms: float | None) -> float | None:
        return None if ms is None else round(ms, 1)

    return {
        "cause": "SIGKILL",
        "killed": failover.victim.peer,
        "host": failover.heir,
        "in_flight": len(failover.in_flight),
        "detect_ms": rounded(times.detected),
        "claim_ms": rounded(times.claimed),
        "crown_ms": rounded(times.crowned),
        "rejoin_ms": rounded(times.rejoined),
        "playing_ms": rounded(times.playing),
    }


def verdict_fields(evidence: Evidence, verdict: Verdict, trouble: str | None) -> dict[str, Any]:
    """The last line of `p2pnet demo --json`. `trouble` is why the script could not go on."""
    return {
        "event": "verdict",
        "survived": verdict.survived and trouble is None,
        "acked": verdict.acked,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "state_equal": verdict.state_equal,
        "failovers": [failover_fields(evidence, failover) for failover in evidence.failovers],
        "failed": [
            {"check": check.name, "faults": list(check.faults[:5]), "count": len(check.faults)}
            for check in verdict.checks
            if not check.passed
        ],
        "trouble": trouble,
    }
