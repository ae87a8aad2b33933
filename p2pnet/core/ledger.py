"""The at-most-once table: which commands of which peer were run, and with what outcome.

It is part of the replicated state. A host that dies takes nothing with it: the successor answers a
command that was sent again from the same table.

A process numbers its commands from 1 and the host runs them in that order, so one number a process
tells what was run. A peer that was restarted is another process, told apart by its nonce: it does
not know how far the earlier one had counted, and on another branch of history that may have been
further than here. Outcomes are kept until their submitter has said that it knows them.

A command on trial (see `trials`) has a line before it is run. One more line for it, with what it
came to, takes the place of the first.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .frame_parts import Executed
from .values import PeerId

Mark = tuple[int, int]
"""The nonce of a process, and the last of its commands that was run."""


@attrs.define
class Ledger:
    """Copies at equal positions are equal."""

    marks: dict[PeerId, Mark] = attrs.field(factory=dict)  # of the latest process of each peer
    _outcomes: dict[PeerId, dict[int, Executed]] = attrs.field(factory=dict)

    def last_of(self, peer: PeerId, nonce: int) -> int:
        """The highest command number of this process that was run; 0 for none."""
        known, seq = self.marks.get(peer, (nonce, 0))
        return seq if known == nonce else 0

    def outcome(self, peer: PeerId, nonce: int, seq: int) -> bytes | None:
        """What command `seq` came to; None if it was not run, is on trial, or is settled."""
        line = self._outcomes.get(peer, {}).get(seq)
        if line is None or line.nonce != nonce or line.trial:
            return None
        return line.outcome

    def trials(self) -> tuple[Executed, ...]:
        """The lines of commands that are on trial: one at most, unless bytes were made up."""
        kept = self._outcomes.values()
        return tuple([line for lines in kept for line in lines.values() if line.trial])

    def admits(self, lines: Iterable[Executed]) -> bool:
        """Whether each of these can be recorded, one after the other."""
        marks = dict(self.marks)
        tried = {(line.peer, line.nonce, line.seq) for line in self.trials()}
        for line in lines:
            nonce, last = marks.get(line.peer, (line.nonce, 0))
            name = line.peer, line.nonce, line.seq
            if line.seq <= (last if nonce == line.nonce else 0) and (
                line.trial or line.seq < last or name not in tried
            ):
                return False
            marks[line.peer] = (line.nonce, line.seq)
            (tried.add if line.trial else tried.discard)(name)
        return True

    def record(self, line: Executed) -> None:
        """A command was run. Numbers only go up; one may be left out that its peer gave up on."""
        last = self.last_of(line.peer, line.nonce)
        assert line.seq > last or self._ends_trial(line), "a command is run once, in order"
        if last == 0:
            self._outcomes.pop(line.peer, None)  # nobody waits for those of an earlier process
        self.marks[line.peer] = (line.nonce, line.seq)
        outcomes = self._outcomes.setdefault(line.peer, {})
        outcomes[line.seq] = line
        for seq in [seq for seq in outcomes if seq < line.floor]:
            del outcomes[seq]

    def _ends_trial(self, line: Executed) -> bool:
        before = self._outcomes.get(line.peer, {}).get(line.seq)
        return before is not None and before.trial and before.nonce == line.nonce

    def forget(self, peer: PeerId) -> None:
        """The peer gave up its seat."""
        self.marks.pop(peer, None)
        self._outcomes.pop(peer, None)

    def lines(self) -> tuple[Executed, ...]:
        """All outcomes that are kept, for a snapshot."""
        return tuple(line for lines in self._outcomes.values() for line in lines.values())

    def reset(self, marks: dict[PeerId, Mark], lines: Iterable[Executed]) -> None:
        """Go on from a snapshot."""
        self.marks = dict(marks)
        self._outcomes = {}
        for line in lines:
            self._outcomes.setdefault(line.peer, {})[line.seq] = line
