"""What the demo asked of its peers, and what they printed. Nothing else counts in the verdict.

A *run* is one process: MachineA has two of them, one before it is killed and one after its return.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

Record = Mapping[str, Any]
"""One line that a peer printed, or an object inside it."""

_BULK: Final = frozenset({"submitted", "result", "dump", "status"})
"""Answers to what the demo asks all the time; no news to anybody."""

_TICKET: Final = re.compile(rb"Machine[A-Z]#\d+:\d+")


@attrs.frozen
class Run:
    """One process of one peer. `number` counts the processes of that peer from 1."""

    peer: str
    number: int

    def __str__(self) -> str:
        return f"{self.peer}#{self.number}"


@attrs.define
class Order:
    """One command that the demo had a peer submit, and what became of it."""

    run: Run
    ticket: str
    amount: int
    submitted_ms: float | None = None
    done_ms: float | None = None
    error: str | None = None

    @property
    def acknowledged(self) -> bool:
        return self.done_ms is not None and self.error is None

    @property
    def settled(self) -> bool:
        return self.done_ms is not None


@attrs.define(kw_only=True)
class Failover:
    """One kill, and what the demo knew when it happened."""

    victim: Run
    heir: str
    survivors: tuple[Run, ...]
    epoch: int  # the reign that the kill ends
    before: Record  # a dump from just before
    killed_ms: float
    in_flight: tuple[str, ...]  # tickets that survivors had submitted, with no result yet
    after: dict[Run, Record] = attrs.field(factory=dict)  # dumps once all were playing again


@attrs.define
class Evidence:
    """All of it, as it comes in."""

    orders: dict[Run, dict[int, Order]] = attrs.field(factory=dict)  # by request id
    news: list[tuple[Run, Record]] = attrs.field(factory=list)
    dumps: dict[tuple[Run, int], Record] = attrs.field(factory=dict)
    statuses: dict[Run, Record] = attrs.field(factory=dict)
    failovers: list[Failover] = attrs.field(factory=list)
    returns: list[tuple[Run, Record]] = attrs.field(factory=list)  # "ready" of those who came back
    final: dict[Run, Record] = attrs.field(factory=dict)  # the last dumps, all at one position
    died: frozenset[Run] = frozenset()  # runs that were killed
    discarded: set[str] = attrs.field(factory=set)  # of those a peer was told that they are lost
    _results: Counter[Run] = attrs.field(factory=Counter)
    _settled: Counter[Run] = attrs.field(factory=Counter)

    def add(self, order: Order, request: int) -> None:
        """A command is about to be given to a peer."""
        self.orders.setdefault(order.run, {})[request] = order

    def take(self, run: Run, record: Record) -> bool:
        """One line of a peer. Whether it is news, and no answer to a request."""
        kind, request = record["event"], record.get("id")
        order = self.orders.get(run, {}).get(request) if isinstance(request, int) else None
        if kind == "submitted" and order is not None:
            order.submitted_ms = record["t_ms"]
        elif kind in ("result", "failed") and order is not None:
            order.done_ms = record["t_ms"]
            order.error = record.get("error")
            self._settled[run] += 1
            self._results[run] += order.acknowledged
        elif kind == "dump" and isinstance(request, int):
            self.dumps[run, request] = record
        elif kind == "status":
            self.statuses[run] = record
        elif kind == "branch_discarded":
            self.discarded |= tickets(record["commands"])
        if kind in _BULK:
            return False
        self.news.append((run, record))
        return True

    def of(self, run: Run) -> Iterator[Order]:
        """The orders of one run, in the order they were given."""
        return iter(self.orders.get(run, {}).values())

    def all_orders(self) -> Iterator[Order]:
        """The orders of all runs."""
        return (order for run in self.orders for order in self.of(run))

    def acknowledged(self, run: Run) -> int:
        """How many commands of this run have their result."""
        return self._results[run]

    def unsettled(self, run: Run) -> int:
        """How many commands of this run have no outcome yet."""
        return len(self.orders.get(run, {})) - self._settled[run]

    def first(self, run: Run, kind: str, since_ms: float = float("-inf")) -> Record | None:
        """The first news of this kind from this run, not before the given time."""
        for owner, record in self.news:
            if owner == run and record["event"] == kind and record["t_ms"] >= since_ms:
                return record
        return None

    def first_result_ms(self, run: Run, since_ms: float) -> float | None:
        """When the first result came for a command that was submitted after the given time."""
        times = (
            order.done_ms
            for order in self.of(run)
            if order.acknowledged
            and order.submitted_ms is not None
            and order.submitted_ms > since_ms
        )
        return min((time for time in times if time is not None), default=None)


def tickets(commands: Iterable[str]) -> set[str]:
    """Those in the commands that a peer was told are lost with a branch, each in hexadecimals."""
    found = (_TICKET.findall(bytes.fromhex(command)) for command in commands)
    return {ticket.decode() for some in found for ticket in some}
