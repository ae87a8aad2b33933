"""The at-most-once table: which commands of which peer were run, and with what outcome.

It is part of the replicated state. A host that dies takes nothing with it: the successor answers a
command that was sent again from the same table. A peer numbers its commands from 1 and the host
runs them in that order, so one number a peer tells what was run. Outcomes are kept until their
submitter has said that it knows them.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .messages import Executed
from .values import PeerId


@attrs.define
class Ledger:
    """Copies at equal positions are equal."""

    last: dict[PeerId, int] = attrs.field(factory=dict)
    _outcomes: dict[PeerId, dict[int, Executed]] = attrs.field(factory=dict)

    def last_of(self, peer: PeerId) -> int:
        """The highest command number of this peer that was run; 0 for none."""
        return self.last.get(peer, 0)

    def outcome(self, peer: PeerId, seq: int) -> bytes | None:
        """What command `seq` of this peer came to; None if it was not run, or is settled."""
        line = self._outcomes.get(peer, {}).get(seq)
        return None if line is None else line.outcome

    def record(self, line: Executed) -> None:
        """A command was run. Numbers only go up; one may be left out that its peer gave up on."""
        assert line.seq > self.last_of(line.peer), "a command is run once, in the order submitted"
        self.last[line.peer] = line.seq
        outcomes = self._outcomes.setdefault(line.peer, {})
        outcomes[line.seq] = line
        for seq in [seq for seq in outcomes if seq < line.floor]:
            del outcomes[seq]

    def forget(self, peer: PeerId) -> None:
        """The peer gave up its seat."""
        self.last.pop(peer, None)
        self._outcomes.pop(peer, None)

    def lines(self) -> tuple[Executed, ...]:
        """All outcomes that are kept, for a snapshot."""
        return tuple(line for lines in self._outcomes.values() for line in lines.values())

    def reset(self, last: dict[PeerId, int], lines: Iterable[Executed]) -> None:
        """Go on from a snapshot."""
        self.last = dict(last)
        self._outcomes = {}
        for line in lines:
            self._outcomes.setdefault(line.peer, {})[line.seq] = line
