"""The commands of this peer that are not settled yet, in the order they were submitted.

A command goes through three stages: sent; run, when the update that holds its outcome was applied;
settled, when as many peers have that update as its ack level asks for. A change of host may take
a command back from the second stage to the first, if the update died with the old host. What is
then sent again bears its old number, so that nothing is run twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from .errors import CommandRefusal, CommandRefused, TooManyInFlight
from .settings import AckLevel, Settings, WhileDown

_REMEMBERED_MAX: Final = 4096  # settled commands that a discarded branch can be held against


@attrs.define
class Submission:
    """One command of this peer."""

    ticket: int
    seq: int
    payload: bytes
    ack: AckLevel
    update_seq: int | None = None  # the update that holds its outcome, once applied
    outcome: bytes | None = None
    sent: bool = False  # to the host of now
    hosts_lost: int = 0  # that had it, and gave no answer


@attrs.define
class Outbox:
    """Tickets and command numbers count for the life of the process."""

    _waiting: dict[int, Submission] = attrs.field(factory=dict)  # by command number, in order
    _settled: deque[Submission] = attrs.field(factory=lambda: deque(maxlen=_REMEMBERED_MAX))
    kept: int = 0
    """How many were called while there was no host, and wait for the next."""

    _next_ticket: int = 1
    _next_seq: int = 1

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Submission]:
        return iter(self._waiting.values())

    @property
    def floor(self) -> int:
        """All commands below this number are settled."""
        return next(iter(self._waiting), self._next_seq)

    def before(self, seq: int) -> int:
        """The number of the last command before this one that is not settled; 0 for none."""
        return next((number for number in reversed(self._waiting) if number < seq), 0)

    def add(self, payload: bytes, ack: AckLevel) -> Submission:
        """A new command, numbered."""
        submission = Submission(self._next_ticket, self._next_seq, payload, ack)
        self._waiting[submission.seq] = submission
        self._next_ticket += 1
        self._next_seq += 1
        return submission

    def keep(self, settings: Settings) -> None:
        """One more is about to be added while there is no host.

        Raises `CommandRefused` or `TooManyInFlight` if that is against the settings.
        """
        if settings.while_down is WhileDown.REFUSE:
            text = "there is no host for the time being; try again when there is"
            raise CommandRefused(CommandRefusal.NO_HOST, text)
        if self.kept >= settings.kept_commands_max:
            raise TooManyInFlight(f"{self.kept} commands wait for the next host already")
        self.kept += 1

    def executed(self, seq: int, outcome: bytes, update_seq: int) -> None:
        """The outcome of a command is in the history."""
        submission = self._waiting.get(seq)
        if submission is not None:
            submission.outcome = outcome
            submission.update_seq = update_seq

    def forget_executions(self) -> None:
        """The history changed under us: which commands it holds is told anew by the ledger."""
        self.kept = 0
        for submission in self._waiting.values():
            submission.outcome = None
            submission.update_seq = None

    def change_host(self, lost: bool) -> None:
        """Another host than before; `lost` if that one did not go on purpose."""
        for submission in self._waiting.values():
            if submission.sent and submission.update_seq is None and lost:
                submission.hosts_lost += 1
            submission.sent = False

    def settle(self, one: int, all_: int, applied: int) -> list[Submission]:
        """Remove and return what is durable enough, given how far the history is."""
        executed = [line for line in self._waiting.values() if line.update_seq is not None]
        if not executed:
            return []
        reach = {AckLevel.HOST: applied, AckLevel.ONE: one, AckLevel.ALL: all_}
        done = [line for line in executed if (line.update_seq or 0) <= reach[line.ack]]
        for submission in done:
            del self._waiting[submission.seq]
        self._settled.extend(done)
        return done

    def retract(
        self, fork_seq: int, end: int, holds: Callable[[Submission], bool]
    ) -> list[Submission]:
        """Forget and return what was settled and a better branch does not hold.

        That branch parted from ours after update `fork_seq`, and stands at `end`.
        """
        gone = [
            submission
            for submission in self._settled
            if (submission.update_seq or 0) > fork_seq and not holds(submission)
        ]
        for submission in gone:
            self._settled.remove(submission)
        for submission in self._settled:
            if (submission.update_seq or 0) > fork_seq:
                submission.update_seq = (
                    end  # the other branch ran it after the fork, at its own time
                )
        return gone

    def drain(self) -> list[Submission]:
        """Remove and return all: their outcome will never be known."""
        left = list(self._waiting.values())
        self._waiting.clear()
        return left
