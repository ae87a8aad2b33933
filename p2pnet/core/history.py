"""One branch of history as one peer holds it: where it stands, how it got there, what came last.

A position is on the branch only if the branch went through that very reign and had reached that
sequence before the next reign began. Comparing sequences alone would take two different histories
of one length for the same.

`digest` runs over the encoded updates, so that two peers at one position can tell with sixteen
bytes that they hold the same state.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Final

import attrs

from .values import Epoch, PeerId, Position

_DIGEST_BYTES: Final = 16
_LINEAGE_MAX: Final = 64  # reigns remembered; whoever slept through more gets a snapshot


Lineage = tuple[tuple[Epoch, int], ...]
"""The reigns of a branch, oldest first, each with the sequence that it began after."""


Seats = tuple[tuple[int, tuple[PeerId, ...]], ...]
"""Who had a seat, each time with the sequence since which."""


def reaches(lineage: Lineage, end: int, position: Position) -> bool:
    """Whether the branch with this lineage, which stands at `end`, went through `position`."""
    ends = [base for _, base in lineage[1:]] + [end]
    return any(
        epoch == position.epoch and base <= position.seq <= last
        for (epoch, base), last in zip(lineage, ends, strict=True)
    )


def fork(one: Lineage, one_end: int, other: Lineage, other_end: int) -> Position | None:
    """The last position that two branches share; None if they share none that is remembered."""
    shared = None
    others = dict(other)
    for epoch, base in one:
        if others.get(epoch) == base:
            end = min(_end_of(one, one_end, epoch), _end_of(other, other_end, epoch))
            shared = Position(epoch, end)
    return shared


def agree(one: Lineage, other: Lineage) -> bool:
    """Whether two branches of one session tell the same past of each reign that is on both."""
    theirs = [epoch for epoch, _ in other]
    shared = [place for place, (epoch, _) in enumerate(one) if epoch in theirs]
    if not shared:
        return _LINEAGE_MAX in (len(one), len(other))
    mine, its = one[: shared[-1] + 1], other[: theirs.index(one[shared[-1]][0]) + 1]
    known = min(len(mine), len(its))
    forgot = one if len(mine) < len(its) else other
    same_length = len(mine) == len(its) or len(forgot) == _LINEAGE_MAX
    return same_length and mine[-known:] == its[-known:]


def _end_of(lineage: Lineage, end: int, epoch: Epoch) -> int:
    """The last sequence that a branch reached under this epoch."""
    ends = [base for _, base in lineage[1:]] + [end]
    return next(last for (e, _), last in zip(lineage, ends, strict=True) if e == epoch)


@attrs.define
class History:
    """The branch of one peer. Updates are kept as the very bytes that came over the wire."""

    updates_max: int
    bytes_max: int
    seq: int = 0
    digest: bytes = b""
    lineage: list[tuple[Epoch, int]] = attrs.field(factory=list)
    _tail: deque[bytes] = attrs.field(factory=deque)
    _tail_bytes: int = 0
    seats: list[tuple[int, tuple[PeerId, ...]]] = attrs.field(factory=list)  # see `seat`
    position: Position | None = None
    """Where the branch stands; None before its first reign."""

    def _stand(self) -> None:
        self.position = Position(self.lineage[-1][0], self.seq) if self.lineage else None

    def begin(self, epoch: Epoch) -> None:
        """A new reign goes on from here. Its first update will be `seq` + 1."""
        if self.lineage and self.lineage[-1][0] == epoch:
            return
        self.lineage.append((epoch, self.seq))
        del self.lineage[:-_LINEAGE_MAX]
        self._stand()

    def append(self, update: bytes) -> None:
        """The next update, encoded."""
        self.seq += 1
        self._stand()
        self.digest = hashlib.blake2b(self.digest + update, digest_size=_DIGEST_BYTES).digest()
        self._tail.append(update)
        self._tail_bytes += len(update)
        while len(self._tail) > self.updates_max or self._tail_bytes > self.bytes_max:
            self._tail_bytes -= len(self._tail.popleft())

    def seat(self, members: tuple[PeerId, ...]) -> None:
        """With the last update, these have the seats."""
        if not self.seats or self.seats[-1][1] != members:
            self.seats.append((self.seq, members))
            del self.seats[:-_LINEAGE_MAX]

    def seated_at(self, seq: int) -> frozenset[PeerId] | None:
        """Who had a seat at this sequence; None if that is too long ago to be known."""
        known = [members for since, members in self.seats if since <= seq]
        return frozenset(known[-1]) if known else None

    @property
    def kept(self) -> int:
        """How many of the last updates are kept."""
        return len(self._tail)

    def contains(self, position: Position) -> bool:
        """Whether the branch went through this position."""
        return reaches(tuple(self.lineage), self.seq, position)

    def since(self, position: Position) -> tuple[bytes, ...] | None:
        """The updates after a position of this branch; None if it is not on it, or too long ago."""
        return self.after(position.seq) if self.contains(position) else None

    def after(self, seq: int) -> tuple[bytes, ...] | None:
        """The updates after this sequence of our own branch; None if that is too long ago."""
        behind = self.seq - seq
        return None if behind > len(self._tail) else tuple(self._tail)[len(self._tail) - behind :]

    def leap(self, seq: int, digest: bytes) -> None:
        """Go on after several updates that are not known one by one."""
        self.seq, self.digest = seq, digest
        self._stand()
        self._tail.clear()
        self._tail_bytes = 0

    def reigns_since(self, position: Position) -> Lineage:
        """The reigns that began after that of a position on this branch."""
        epochs = [epoch for epoch, _ in self.lineage]
        return tuple(self.lineage[epochs.index(position.epoch) + 1 :])

    def reset(self, seq: int, digest: bytes, lineage: Lineage, seats: Seats) -> None:
        """Go on from a snapshot: nothing before it is kept."""
        self.seq = seq
        self.digest = digest
        self.lineage = list(lineage)
        self._stand()
        self.seats = list(seats)
        self._tail.clear()
        self._tail_bytes = 0
