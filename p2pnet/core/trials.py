"""Commands that hosts were lost over, run one at a time and with a record made beforehand.

Theory of operation
-------------------

A command that is in flight when its host is lost is sent to the next one. If running it is what
killed the host (a crash of the interpreter, a loop without an end), it would take down one host
after the other. Its submitter counts the hosts that were lost while they had it. From
`Settings.trial_after_hosts` on the command is tried: the host first records, for all to see, that
it is refused, and runs it when another peer has that record. If the host lives, the outcome takes
the place of the record. If it does not, the record stands: the next host upholds it, and nobody
runs the command again.

One at a time, or nobody could tell which of them it was. What its submitter called after it waits
too, since commands run in the order in which they were called.
"""

from __future__ import annotations

from collections import deque

import attrs

from .frame_parts import Executed
from .link_state import LinkState
from .messages import Command
from .values import PeerId


@attrs.define(eq=False)
class Trial:
    """One command that is about to be run."""

    record: Executed
    payload: bytes
    update_seq: int | None = None  # the update that holds the record, once ordered


@attrs.define(eq=False)
class Trials:
    """The command on trial, and those that wait behind it."""

    current: Trial | None = None
    _waiting: deque[tuple[LinkState, Command]] = attrs.field(factory=deque)

    def __len__(self) -> int:
        return len(self._waiting)

    def concern(self, peer: PeerId) -> bool:
        """Whether a command of this peer has to wait behind others of its own."""
        if self.current is None and not self._waiting:
            return False
        tried = self.current is not None and self.current.record.peer == peer
        return tried or any(link.peer == peer for link, _ in self._waiting)

    def wait(self, link: LinkState, frame: Command) -> None:
        """One more waits."""
        self._waiting.append((link, frame))

    def next(self) -> tuple[LinkState, Command] | None:
        """Take out the first that waits, unless one is on trial."""
        return self._waiting.popleft() if self._waiting and self.current is None else None

    def ordered(self, update_seq: int) -> None:
        """An update went out: it holds the record, if none did before."""
        if self.current is not None and self.current.update_seq is None:
            self.current.update_seq = update_seq

    def is_due(self, durable: int) -> bool:
        """Whether another peer has the record, given how far the history is durable."""
        seq = None if self.current is None else self.current.update_seq
        return seq is not None and seq <= durable

    def dismiss(self) -> None:
        """Nobody waits any more: they are sent again, to whoever is the host then."""
        self._waiting.clear()

    def end(self) -> None:
        """This peer is not the host any more."""
        self._waiting.clear()
        self.current = None
